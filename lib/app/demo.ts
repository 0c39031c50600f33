import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import type { RunDetail } from "../domain/api/runs.ts";
import type { Platform } from "../platform.ts";
import { takeIn } from "./intake.ts";
import { applySpec } from "./projects.ts";
import { startRun, waitForRun } from "./runs.ts";

export const DEMO_PROJECT = "gym";
/** Fixed, so that a start that was interrupted goes on with the run it began. */
const DEMO_RUN = "demo";
const ACTOR = "sensorloop";

/** Makes recordings in a folder; `examples/gym/simulate.ts` is one. */
export type Simulate = (options: { folder: string; seed: number }) => Promise<{ files: readonly string[] }>;

export interface DemoOptions {
  /** The project's spec and the simulator of its recordings. */
  readonly specPath: string;
  readonly simulate: Simulate;
  readonly onChange?: (run: RunDetail) => void;
  readonly signal?: AbortSignal;
}

/**
 * Takes the demo project once through its whole pipeline, on recordings that our own simulator makes. Called again it
 * answers the run that was made, or goes on waiting for it.
 */
export async function runDemo(platform: Platform, options: DemoOptions): Promise<RunDetail> {
  await applySpec(platform, { text: await readFile(options.specPath, "utf8"), name: basename(options.specPath) }, ACTOR);
  const begun = await platform.db.selectFrom("run").select("id").where("id", "=", DEMO_RUN).executeTakeFirst();
  if (!begun) {
    const folder = await mkdtemp(join(tmpdir(), "sensorloop-demo-"));
    try {
      const { files } = await options.simulate({ folder, seed: 1 });
      const uploads: string[] = [];
      for (const path of files)
        uploads.push((await takeIn(platform, DEMO_PROJECT, { name: relative(folder, path), path, from: "simulator" }, ACTOR)).id);
      await startRun(platform, DEMO_PROJECT, { id: DEMO_RUN, uploads }, ACTOR);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return waitForRun(platform, DEMO_RUN, options);
}
