import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import type * as tfTypes from "@tensorflow/tfjs";
import { forcedBackend } from "../config.ts";
import { SensorloopError } from "../domain/errors.ts";
import { supplyConvolutionGradient } from "./wasm-convolution.ts";

export type Tensorflow = typeof tfTypes;

/** Best first. `native` is TensorFlow itself, `wasm` runs wherever Node runs, `cpu` is plain JavaScript. */
export const BACKENDS = ["native", "wasm", "cpu"] as const;
export type BackendName = (typeof BACKENDS)[number];

export interface Backend {
  readonly name: BackendName;
  readonly tf: Tensorflow;
  /** Threads of one operation. The bits of a convolution depend on it, so it is recorded with every model. */
  readonly threads: number;
  /** One sentence for people: which back end, and why not a better one. */
  readonly reason: string;
}

const require = createRequire(import.meta.url);

/**
 * Loads TensorFlow into this process and makes the back end the active one. TensorFlow blocks the event loop and reads
 * its thread count once: call this in a child process, and with one thread count per process.
 * `SENSORLOOP_TF_BACKEND` (native, wasm or cpu) forces one; `wanted` goes before it.
 * @throws SensorloopError TENSORFLOW_UNAVAILABLE where the forced back end, or every one, can't be loaded; CONFIG_INVALID
 */
export async function loadBackend({
  wanted,
  threads = 1,
}: { readonly wanted?: BackendName; readonly threads?: number } = {}): Promise<Backend> {
  const forced = wanted ?? forcedBackend();
  const refusals: string[] = [];
  for (const name of forced ? [forced] : BACKENDS) {
    try {
      const tf = await LOADERS[name](threads);
      const used = name === "native" ? threads : 1;
      const why = forced ? `${name}, as asked for` : refusals.length === 0 ? name : `${name}, because ${refusals.join(", and ")}`;
      return { name, tf, threads: used, reason: `TensorFlow.js runs on ${why} (${used} thread${used === 1 ? "" : "s"})` };
    } catch (error) {
      refusals.push(`${name} can't be loaded: ${firstLine(error)}`);
    }
  }
  throw new SensorloopError("TENSORFLOW_UNAVAILABLE", `no TensorFlow back end works here: ${refusals.join("; ")}`, {
    facts: { forced: forced ?? null },
  });
}

const LOADERS: Readonly<Record<BackendName, (threads: number) => Promise<Tensorflow>>> = {
  native: async (threads) => {
    restoreRemovedUtil();
    for (const [name, value] of Object.entries(nativeEnvironment(threads))) process.env[name] = value;
    const tf = require("@tensorflow/tfjs-node") as Tensorflow;
    return await activate(tf, "tensorflow");
  },
  wasm: async () => {
    const tf = require("@tensorflow/tfjs") as Tensorflow;
    // Prod mode silences the advice to install tfjs-node; the caller has already been told why it is not used.
    tf.enableProdMode();
    const wasm = require("@tensorflow/tfjs-backend-wasm") as { setWasmPaths(prefix: string): void; setThreadsCount(count: number): void };
    wasm.setWasmPaths(join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm")), sep));
    wasm.setThreadsCount(1);
    supplyConvolutionGradient(tf);
    return await activate(tf, "wasm");
  },
  cpu: async () => {
    const tf = require("@tensorflow/tfjs") as Tensorflow;
    tf.enableProdMode();
    return await activate(tf, "cpu");
  },
};

async function activate(tf: Tensorflow, backend: string): Promise<Tensorflow> {
  if (!(await tf.setBackend(backend))) throw new Error(`its initialisation failed`);
  await tf.ready();
  return tf;
}

/**
 * Read by TensorFlow when it is loaded. One thread per process because jobs already run in parallel processes; oneDNN
 * on, with which convolutions are 1.5x as fast (and their bits differ).
 */
function nativeEnvironment(threads: number): Readonly<Record<string, string>> {
  return {
    TF_NUM_INTEROP_THREADS: "1",
    TF_NUM_INTRAOP_THREADS: String(threads),
    OMP_NUM_THREADS: String(threads),
    TF_ENABLE_ONEDNN_OPTS: "1",
    TF_CPP_MIN_LOG_LEVEL: "2",
  };
}

/** tfjs-node 4.22 calls two functions that Node 23 removed or warns about. */
function restoreRemovedUtil(): void {
  const util = require("node:util") as Record<string, unknown>;
  util["isNullOrUndefined"] = (value: unknown) => value === null || value === undefined;
  util["isArray"] = Array.isArray;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!.slice(0, 200);
}
