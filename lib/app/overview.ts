import type { Overview, Station } from "../domain/api/overview.ts";
import type { DataCounts } from "../domain/api/data.ts";
import type { Champion } from "../domain/api/models.ts";
import type { RunDetail, RunSummary, Stage } from "../domain/api/runs.ts";
import type { Spec } from "../domain/spec.ts";
import type { Platform } from "../platform.ts";
import { countData } from "../store/repositories/files.ts";
import { countNewLabels, lastGain } from "../store/repositories/label-progress.ts";
import { countLoop, type LoopCounts } from "../store/repositories/loop-counts.ts";
import { listChampions } from "../store/repositories/models.ts";
import { listNights } from "../store/repositories/nights.ts";
import { countPredictions } from "../store/repositories/predictions.ts";
import { countOfProject, findProject, listProjects } from "../store/repositories/projects.ts";
import type { Db, Visible } from "../store/repositories/rows.ts";
import { listRuns, listStages, listTrend } from "../store/repositories/runs.ts";
import { findSchedule } from "../store/repositories/schedules.ts";
import { countQueue } from "../store/repositories/tasks.ts";
import { needProject, needSpec } from "./projects.ts";
import { ScheduleTimes } from "./schedule-times.ts";

/** The loop of each project that may be seen, or of one. @throws SensorloopError SPEC_UNKNOWN */
export async function overviews({ db }: Platform, { project, visible }: { project?: string; visible: Visible }): Promise<Overview[]> {
  const ids = project === undefined ? (await listProjects(db, visible)).map(({ id }) => id) : [(await needProject(db, project)).id];
  const made: Overview[] = [];
  // One after another: a page of many projects must not take all connections.
  for (const id of ids.slice(0, 50)) made.push(await overview({ db }, id));
  return made;
}

async function overview({ db }: Pick<Platform, "db">, id: string): Promise<Overview> {
  const [project, counts, champions, trend, predictions, { models }] = [
    (await findProject(db, id)) ?? (await needProject(db, id)),
    await countData(db, id),
    await listChampions(db, id),
    await listTrend(db, id),
    await countPredictions(db, id),
    await countOfProject(db, id),
  ];
  const recent = (await listRuns(db, { project: id, visible: null, limit: 20 })).items;
  const active = recent.filter((run) => run.state === "queued" || run.state === "running" || run.state === "waiting");
  const last = recent.find((run) => run.kind === "training" && !active.includes(run)) ?? null;
  const watched = active.find((run) => run.kind === "training") ?? last;
  const stages = watched ? await listStages(db, watched.run) : [];
  const before = last && last !== watched ? await listStages(db, last.run) : [];
  const loop = await countLoop(db, id);
  const annotation = await annotationOf(db, await needSpec(db, id), loop);
  const nights = await nightsOf(db, id);
  const stations = [
    ...stationsOf({ counts, champions, predictions, models, stages, before, run: watched }),
    annotateStation(annotation, loop),
    retrainStation(nights, loop),
  ];
  return { project, stations, active, last, champions, trend, counts, annotation, nights };
}

/** What waits for people, and what their next labels lead to. */
async function annotationOf(db: Db, spec: Spec, { escalated }: LoopCounts): Promise<Overview["annotation"]> {
  if (!spec.annotation) return null;
  const { open, adjudicate, oldestAt } = await countQueue(db, spec.project, "");
  const gain = await lastGain(db, spec.project);
  return {
    ...{ open, adjudicate, escalated, oldestAt, labels: await countNewLabels(db, spec.project), atLabels: spec.retrain.atLabels },
    gainPerHundred: gain && gain.labels > 0 ? (100 * 100 * (gain.chosen - gain.before)) / gain.labels : null,
  };
}

/** The newest night that was not only asked for, and when the next is due. */
async function nightsOf(db: Db, project: string): Promise<Overview["nights"]> {
  const { items } = await listNights(db, { project, visible: null, limit: 10 });
  const schedule = await findSchedule(db, project);
  const paused = schedule?.paused ?? false;
  const next = schedule && !paused ? new ScheduleTimes(schedule.cron, schedule.timezone).after(new Date()).next().value : undefined;
  return { last: items.find(({ state }) => state !== "asked") ?? null, nextAt: next ? next.at.toISOString() : null, paused };
}

function annotateStation(annotation: Overview["annotation"], { labelledAt }: LoopCounts): Station {
  if (!annotation) return { name: "annotate", count: 0, unit: "", at: null, state: "planned", note: null };
  const { open, adjudicate, escalated } = annotation;
  const notes = [
    ...(adjudicate > 0 ? [adjudicate === 1 ? "1 sample waits for a decision" : `${adjudicate} samples wait for a decision`] : []),
    ...(escalated > 0 ? [escalated === 1 ? "1 sample has waited for too long" : `${escalated} samples have waited for too long`] : []),
  ];
  const state = notes.length > 0 ? "attention" : labelledAt !== null ? "done" : "idle";
  return { name: "annotate", count: open, unit: "tasks", at: labelledAt, state, note: notes.join("; ") || null };
}

function retrainStation({ last }: Overview["nights"], { nights }: LoopCounts): Station {
  const failed = last?.state === "failed";
  const state = last === null ? "idle" : last.state === "running" ? "running" : failed ? "attention" : "done";
  const note = failed ? (last.reason ?? "the last night failed") : null;
  return { name: "retrain", count: nights, unit: "nights", at: last?.endedAt ?? last?.startedAt ?? null, state, note };
}

interface Seen {
  readonly counts: DataCounts;
  readonly champions: readonly Champion[];
  readonly predictions: { readonly count: number; readonly at: Date | null };
  readonly models: number;
  readonly stages: readonly Stage[];
  /** Of the run before, where one is under way: what it has not come to yet was done then. */
  readonly before: readonly Stage[];
  readonly run: RunSummary | RunDetail | null;
}

function stationsOf({ counts, champions, predictions, models, stages, before, run }: Seen): Station[] {
  const at = (name: Stage["name"]) => stages.find((stage) => stage.name === name);
  const ended = (name: Stage["name"]) => {
    const now = at(name);
    return now?.endedAt ? now : before.find((stage) => stage.name === name);
  };
  const station = (
    name: Station["name"],
    stage: Stage | undefined,
    count: number,
    unit: string,
    when: string | null,
    note: string | null = null,
  ): Station => {
    const failed = stage?.state === "failed";
    const state = stage?.state === "running" ? "running" : failed || note ? "attention" : count > 0 ? "done" : "idle";
    return { name, count, unit, at: when, state, note: failed ? (stage.error?.message ?? "this stage failed") : note };
  };
  const { refused } = counts.files;
  const held = counts.rowsQuarantined;
  const since = champions.map((champion) => champion.since).sort();
  return [
    station("ingest", at("stage"), counts.files.staged, "files", counts.newestAt, refused > 0 ? `${refused} files were refused` : null),
    station(
      "clean",
      at("clean"),
      counts.rowsOk,
      "rows",
      ended("clean")?.endedAt ?? null,
      held > 0 ? `${held} rows are in quarantine` : null,
    ),
    station("snapshot", at("snapshot"), counts.snapshots, "snapshots", ended("snapshot")?.endedAt ?? null),
    station("train", at("train"), models, "models", ended("train")?.endedAt ?? null),
    station("evaluate", at("evaluate"), ended("evaluate")?.rowsIn ?? 0, "windows", ended("evaluate")?.endedAt ?? null),
    station(
      "promote",
      at("promote"),
      champions.length,
      "champions",
      since.at(-1) ?? null,
      run?.state === "waiting" ? "a candidate waits for approval" : null,
    ),
    station("predict", at("score"), predictions.count, "predictions", predictions.at?.toISOString() ?? null),
  ];
}
