import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { wakeAnnotation } from "../lib/app/wake-annotation.ts";
import type { TaskReason } from "../lib/domain/api/tasks.ts";
import { EVERYONE } from "../lib/domain/evolution/slots.ts";
import { slotId } from "../lib/domain/ids.ts";
import { sensorsOf, type Spec } from "../lib/domain/spec.ts";
import type { Side } from "../lib/domain/split.ts";
import type { AnnotationSpec } from "../lib/domain/spec-annotation.ts";
import type { SearchContext } from "../lib/domain/stages.ts";
import type { ChosenTask, SeenPrediction } from "../lib/ml/choose-tasks-job.ts";
import type { Platform } from "../lib/platform.ts";
import { hold, raise } from "../lib/store/fence.ts";
import { append, eventsAbout } from "../lib/store/journal.ts";
import { holdErasures } from "../lib/store/repositories/erasures.ts";
import { findModelObjects } from "../lib/store/repositories/models.ts";
import { doubtfulPredictions, randomPredictions, type Candidate } from "../lib/store/repositories/task-candidates.ts";
import { insertTasks, listGold, withdrawTasks, type NewTask } from "../lib/store/repositories/tasks.ts";
import { currentFence, currentSignal } from "./attempt.ts";
import { readManifest } from "./snapshot.ts";
import { specOf } from "./spec-of.ts";
import { addDetail, logRun } from "./stage-record.ts";
import { shardsOf } from "./window.ts";

/** A promotion: the model that serves now, and the one that did. */
type Promoted = SearchContext & { readonly model: string; readonly before: string | null };

/** More than any queue asks for: of a million doubtful windows, those doubted most. */
const MOST_CANDIDATES = 50_000;
/** Windows that overlap one drawn before are passed over, so more are drawn than wanted. */
const DRAWN_FOR_ONE = 4;

export function createChooseTasksActivities(platform: Platform) {
  const { db, objects, compute, config } = platform;

  /**
   * Fills the annotators' queue after a promotion with what the new champion calls for, and takes back what the old one
   * did and nobody has begun. Once a promotion, however often it is tried; the champion for everybody with all sensors
   * alone is asked about, because it is the one whose word pages and browsers show.
   */
  async function chooseTasks(context: Promoted): Promise<{ made: number }> {
    const fence = currentFence();
    await raise(db, fence);
    const { project, model, run, slot } = context;
    const spec = await specOf(db, context);
    const { annotation } = spec;
    if (!annotation || slot !== slotId(project, EVERYONE, sensorsOf(spec)) || (await wereMade(context))) return { made: 0 };
    const seed = seedOf(context);
    await using job = await choose(context, annotation, seed);
    const tasks = job.output.map((task, rank) => taskOf(context, spec, task, rank));
    const made = await db.transaction().execute(async (tx) => {
      await hold(tx, fence);
      await holdErasures(tx, project);
      const actor = `run/${run}`;
      for (const task of await withdrawTasks(tx, project))
        await append(tx, { kind: "task.settled", actor, project, payload: { task, outcome: null, how: "withdrawn" } });
      const ids = new Set(await insertTasks(tx, tasks));
      const counts = new Map<TaskReason, number>();
      for (const { id, reason } of tasks) if (ids.has(id)) counts.set(reason, (counts.get(reason) ?? 0) + 1);
      for (const [reason, count] of counts)
        await append(tx, { kind: "task.made", actor, project, payload: { reason, tasks: count, model } });
      await addDetail(tx, run, "score", { tasks: ids.size });
      await logRun(tx, run, "score", `${ids.size} tasks for annotators${countsText(counts)}`);
      return ids.size;
    });
    if (made > 0) wakeAnnotation(platform, project);
    return { made };
  }

  async function wereMade({ run, model }: Promoted): Promise<boolean> {
    return (await eventsAbout(db, ["task.made"], model)).some((event) => event.actor === `run/${run}`);
  }

  async function choose(context: Promoted, annotation: AnnotationSpec, seed: number) {
    const { project, windowSet } = context;
    const teaches = await teachesOf(context);
    const asked = { ...context, doubtBelow: annotation.doubtBelow };
    const [doubtful, drawn, gold, files, shards] = await Promise.all([
      doubtfulPredictions(db, asked, MOST_CANDIDATES),
      randomPredictions(db, asked, seed, DRAWN_FOR_ONE * annotation.tasks.random),
      listGold(db, project),
      findModelObjects(db, context.model),
      shardsOf(db, windowSet),
    ]);
    const nameOf = ({ subject, recording, from, to }: SeenPrediction) => JSON.stringify([subject, recording, from, to]);
    // Drawn ones first: their order is the order of the draw.
    const all = [
      ...drawn.map((each) => ({ ...each, drawn: true })),
      ...doubtful.filter(teaches).map((each) => ({ ...each, drawn: false })),
    ];
    const predictions = new Map<string, SeenPrediction>();
    for (const each of all) {
      const name = nameOf(each);
      predictions.set(name, { ...each, drawn: each.drawn || predictions.get(name)?.drawn === true });
    }
    const path = join(config.scratchDir, `candidates-${randomUUID()}.json`);
    await mkdir(config.scratchDir, { recursive: true });
    try {
      await writeFile(path, JSON.stringify({ predictions: [...predictions.values()], asked: gold }));
      const input = {
        annotation,
        seed,
        artifact: await objects.fetch(files!.artifact),
        artifactSha256: files!.artifact.sha256,
        weights: await objects.fetch(files!.weights),
        shards: await Promise.all(shards.map((shard) => objects.fetch(shard))),
        candidates: path,
      };
      return await compute.run("choose-tasks", input, { signal: currentSignal() });
    } finally {
      await rm(path, { force: true });
    }
  }

  /** Whether a model may learn from an answer, or a label be mended by it: what people say of others in the holdout is learned from by nobody. */
  async function teachesOf({ snapshot, ...context }: Promoted): Promise<(each: Candidate) => boolean> {
    const { by } = (await specOf(db, context)).split;
    if (by === "random") return () => true;
    const { manifest } = await db.selectFrom("snapshot").select("manifest").where("id", "=", snapshot).executeTakeFirstOrThrow();
    const { split } = await readManifest(platform, manifest);
    const sides = new Map(Object.entries(JSON.parse(await readFile(await objects.fetch(split), "utf8")) as Record<string, Side>));
    return (each) => each.claimed !== null || (sides.get(each[by]) ?? "train") === "train";
  }

  return { chooseTasks };
}

function taskOf({ project, model, snapshot }: Promoted, spec: Spec, task: ChosenTask, rank: number): NewTask {
  const { subject, recording, from, to, startUs, predicted, confidence, claimed, reason, wanted, gold } = task;
  return {
    ...{ id: randomUUID(), project, reason, subject, recording, from_sample: from, to_sample: to, start_us: startUs },
    ...{ rate_hz: spec.rateHz, model, snapshot, predicted, confidence, claimed, gold, rank, wanted },
  };
}

/** Every promotion draws other windows, and the same ones however often it is tried. */
function seedOf({ model, seed }: Promoted): number {
  return createHash("sha256").update(`${seed}/${model}`).digest().readInt32LE() & 0x7fffffff;
}

function countsText(counts: ReadonlyMap<TaskReason, number>): string {
  const parts = [...counts].map(([reason, count]) => `${count} ${reason}`);
  return parts.length > 0 ? `: ${parts.join(", ")}` : "";
}
