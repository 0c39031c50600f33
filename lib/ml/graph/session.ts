import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tensor, TensorLike } from "@tensorflow/tfjs";
import type { Tensorflow } from "../backend.ts";
import { take } from "../take.ts";

/** A graph loaded into native TensorFlow, with its variables. */
export interface GraphSession {
  /**
   * Runs a signature to its end; blocks the event loop meanwhile.
   * @param inputs typed arrays are not copied, and must not change before the call is over
   */
  run(signature: string, inputs: Readonly<Record<string, Fed>>): Record<string, Float32Array>;
  dispose(): void;
}

export interface Fed {
  readonly values: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** The part of tfjs-node's interface that this needs: the package is optional, and so are its types. */
interface SavedModels {
  loadSavedModel(path: string, tags: string[], signature: string): Promise<SavedSignature>;
}
interface SavedSignature {
  predict(inputs: Record<string, Tensor>): Record<string, Tensor>;
  dispose(): void;
}

/**
 * Loads a SavedModel's bytes.
 * @param tf the native back end
 * @param signatures those that will be run
 */
export async function openGraph(tf: Tensorflow, bytes: Uint8Array, signatures: readonly string[]): Promise<GraphSession> {
  const { node } = tf as unknown as { node: SavedModels };
  const folder = await mkdtemp(join(tmpdir(), "sensorloop-graph-"));
  const loaded = new Map<string, SavedSignature>();
  try {
    await writeFile(join(folder, "saved_model.pb"), bytes);
    // One after another: the first opens the session that the others share.
    for (const name of signatures) loaded.set(name, await node.loadSavedModel(folder, ["serve"], name));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const run: GraphSession["run"] = (name, inputs) => {
    const fed = Object.entries(inputs).map(([input, { values, shape }]) => [input, tensorOf(tf, values, shape)] as const);
    const given = loaded.get(name)!.predict(Object.fromEntries(fed));
    for (const [, tensor] of fed) tensor.dispose();
    return Object.fromEntries(Object.entries(given).map(([output, tensor]) => [output, take(tensor)]));
  };
  const dispose = () => {
    for (const signature of loaded.values()) signature.dispose();
  };
  return { run, dispose };
}

function tensorOf(tf: Tensorflow, values: Float32Array | Int32Array, shape: readonly number[]): Tensor {
  return tf.tensor(values as TensorLike, [...shape], values instanceof Int32Array ? "int32" : "float32");
}
