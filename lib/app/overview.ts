import type { Overview, Station } from "../domain/api/overview.ts";
import type { DataCounts } from "../domain/api/data.ts";
import type { Champion } from "../domain/api/models.ts";
import type { RunDetail, RunSummary, Stage } from "../domain/api/runs.ts";
import type { Platform } from "../platform.ts";
import { countData } from "../store/repositories/files.ts";
import { listChampions } from "../store/repositories/models.ts";
import { countPredictions } from "../store/repositories/predictions.ts";
import { countOfProject, findProject, listProjects } from "../store/repositories/projects.ts";
import type { Visible } from "../store/repositories/rows.ts";
import { listRuns, listStages, listTrend } from "../store/repositories/runs.ts";
import { needProject } from "./projects.ts";

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
  const stations = stationsOf({ counts, champions, predictions, models, stages, run: watched });
  return { project, stations, active, last, champions, trend, counts };
}

interface Seen {
  readonly counts: DataCounts;
  readonly champions: readonly Champion[];
  readonly predictions: { readonly count: number; readonly at: Date | null };
  readonly models: number;
  readonly stages: readonly Stage[];
  readonly run: RunSummary | RunDetail | null;
}

function stationsOf({ counts, champions, predictions, models, stages, run }: Seen): Station[] {
  const at = (name: Stage["name"]) => stages.find((stage) => stage.name === name);
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
  const planned = (name: Station["name"]): Station => ({ name, count: 0, unit: "", at: null, state: "planned", note: null });
  const { refused } = counts.files;
  const held = counts.rowsQuarantined;
  const since = champions.map((champion) => champion.since).sort();
  return [
    station("ingest", at("stage"), counts.files.staged, "files", counts.newestAt, refused > 0 ? `${refused} files were refused` : null),
    station("clean", at("clean"), counts.rowsOk, "rows", at("clean")?.endedAt ?? null, held > 0 ? `${held} rows are in quarantine` : null),
    station("snapshot", at("snapshot"), counts.snapshots, "snapshots", at("snapshot")?.endedAt ?? null),
    station("train", at("train"), models, "models", at("train")?.endedAt ?? null),
    station("evaluate", at("evaluate"), at("evaluate")?.rowsIn ?? 0, "windows", at("evaluate")?.endedAt ?? null),
    station(
      "promote",
      at("promote"),
      champions.length,
      "champions",
      since.at(-1) ?? null,
      run?.state === "waiting" ? "a candidate waits for approval" : null,
    ),
    station("predict", at("score"), predictions.count, "predictions", predictions.at?.toISOString() ?? null),
    planned("annotate"),
    planned("retrain"),
  ];
}
