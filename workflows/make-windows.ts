import { proxyActivities } from "@temporalio/workflow";
import type { Activities } from "../activities/index.ts";
import type { Cut, RunContext } from "../lib/domain/stages.ts";
import { bulk } from "./presets.ts";

const data = proxyActivities<Activities["data"]>(bulk);

/** Chunks and shards in flight at once; the workers' slots bound what really runs. */
const FAN_OUT = 20;

/**
 * The windows of a snapshot as the context's spec wants them, or as a cut of a genome does; those of a champion may be
 * others than the candidate's.
 */
export async function makeWindows(
  context: RunContext,
  snapshot: string,
  stage: "window" | "train" | "evaluate",
  cut: Cut | null = null,
): Promise<string> {
  const given = cut === null ? {} : { cut };
  const { windowSet, shards } = await data.planWindows({ ...context, snapshot, stage, ...given });
  await inParallel(shards, (shard) => data.windowShard({ ...context, snapshot, windowSet, shard, stage, ...given }));
  await data.closeWindows({ ...context, windowSet, stage });
  return windowSet;
}

/** Runs `work` for 0 .. count-1, at most `lanes` at once; the first failure fails the whole. */
export async function inParallel(count: number, work: (index: number) => Promise<unknown>, lanes = FAN_OUT): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(lanes, count) }, lane));
}
