import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { passErrors } from "../../lib/compute/error-lines.ts";
import type { JobInput } from "../../lib/compute/job.ts";
import { ComputePool } from "../../lib/compute/pool.ts";
import { syntheticShard, writeShard } from "../ml/synthetic-windows.ts";

/** A training that would take minutes: something to cancel, kill and outgrow. */
async function longTraining(): Promise<JobInput<"train-model">> {
  const shard = await writeShard(
    syntheticShard({ windows: 4_000, features: 200, split: (window) => (window % 4 === 0 ? "validation" : "train") }),
  );
  const optimizer = {
    kind: "adam",
    learningRate: 0.001,
    momentum: 0.9,
    nesterov: true,
    weightDecay: 0,
    schedule: "constant",
    warmupSteps: 0,
  } as const;
  const genome = {
    family: "mlp",
    units: [150, 150, 100],
    activation: "tanh",
    inputDropout: 0,
    dropout: 0.5,
    batch: 32,
    epochs: 1_000,
    labelSmoothing: 0,
    optimizer,
  } as const;
  return {
    genome: { ...genome, units: [...genome.units] },
    shards: [shard],
    fit: ["train"],
    seed: 1,
    checkpoint: null,
    checkpointEverySeconds: 1_000,
  };
}

/** Child processes of this one that run jobs. */
async function children(): Promise<number[]> {
  const text = await readFile(`/proc/self/task/${process.pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

let folder: string;
let pool: ComputePool;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sensorloop-pool-"));
  pool = new ComputePool({ size: 1, memoryMb: 2_000, folder });
});
afterEach(() => pool[Symbol.asyncDispose]());

describe("ComputePool", () => {
  it("ends a cancelled job at once and leaves no folder behind", async () => {
    const stop = new AbortController();
    const running = pool.run("train-model", await longTraining(), { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await readdir(folder)).toEqual([]);
  });

  it("ends a job that outgrows its memory, and serves the next", async () => {
    await using small = new ComputePool({ size: 1, memoryMb: 100, folder });
    await expect(small.run("train-model", await longTraining())).rejects.toMatchObject({ code: "OUT_OF_MEMORY" });
    await using job = await pool.run("train-model", {
      ...(await longTraining()),
      genome: { family: "logistic", l2: 0.1, maxIterations: 5 },
    });
    expect(job.output.rows).toBe(3_000);
  });

  it("says that a job crashed when its process is killed from outside", async () => {
    const running = pool.run("train-model", await longTraining(), {
      onProgress: () => void children().then((pids) => pids.forEach((pid) => process.kill(pid, "SIGKILL"))),
    });
    await expect(running).rejects.toMatchObject({ code: "JOB_CRASHED", retryable: true });
  });

  it("runs no more jobs at once than it has places", async () => {
    const genome = { family: "logistic", l2: 0.1, maxIterations: 5 } as const;
    const input = { ...(await longTraining()), genome };
    let most = 0;
    const count = setInterval(() => void children().then((pids) => (most = Math.max(most, pids.length))), 5);
    const jobs = await Promise.all([1, 2, 3].map(() => pool.run("train-model", input)));
    clearInterval(count);
    expect(most).toBe(1);
    expect(new Set(jobs.map((job) => job.output.weights.sha256)).size).toBe(1);
    await Promise.all(jobs.map((job) => job[Symbol.asyncDispose]()));
    await sleep(10);
    expect(await readdir(folder)).toEqual([]);
  });

  it("passes on what a job says of errors, and not what TensorFlow says before its log is set up", async () => {
    const said: string[] = [];
    const write = process.stderr.write.bind(process.stderr);
    process.stderr.write = ((text: string) => said.push(text) > 0) as typeof process.stderr.write;
    try {
      const training = await longTraining();
      // A graph is compiled: without the filter this writes two lines.
      await using _ = await pool.run("train-model", { ...training, genome: { ...(training.genome as object), epochs: 1 } as never });
      const errors = new PassThrough();
      passErrors(errors, process.stderr);
      errors.end(
        "E0000 00:00:1795278323.5 56 cuda.cc:4] no card\nWARNING: disk is slow\nI0000 00:00:1795278323.581907    5616 a.cc:401] MLIR\nlast",
      );
      await expect.poll(() => said.at(-1)).toBe("last\n");
    } finally {
      process.stderr.write = write;
    }
    expect(said.join("")).toBe("E0000 00:00:1795278323.5 56 cuda.cc:4] no card\nWARNING: disk is slow\nlast\n");
  });

  it("carries an error of the catalogue over the border of the process, with its facts", async () => {
    const input = await longTraining();
    await expect(pool.run("train-model", { ...input, fit: [] })).rejects.toMatchObject({
      name: "SensorloopError",
      code: "TOO_LITTLE_DATA",
    });
  });
});
