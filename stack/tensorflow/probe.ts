import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Rank, Tensor, Tensor3D } from "@tensorflow/tfjs";
import { z } from "zod";
import { loadBackend } from "../../lib/ml/backend.ts";

const answerSchema = z.object({ version: z.string() });

const PROBE_MS = 90_000;

/**
 * Loads native TensorFlow in a process of its own, where a library that does not fit can do no harm, and lets it compute
 * the gradient of a convolution: the operation that a half-right installation fails at. Null when it works, else why not.
 */
export async function whyNotNative(): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename], { timeout: PROBE_MS });
    answerSchema.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
    return null;
  } catch (error) {
    const { stderr, signal, message } = error as { stderr?: string; signal?: string; message: string };
    const said = (stderr ?? "").split("\n").find((line) => /error/i.test(line)) ?? message.split("\n")[0] ?? "it failed";
    return signal ? `it was ended by ${signal}` : said.trim().slice(0, 300);
  }
}

if (import.meta.main) {
  const { tf } = await loadBackend({ wanted: "native" });
  const x = tf.ones<Rank.R3>([1, 8, 2]);
  const gradient = tf.grad((filter: Tensor) => tf.conv1d(x, filter as Tensor3D, 1, "valid").sum())(tf.ones([3, 2, 4]));
  const sum = (await gradient.sum().data())[0];
  // Each of the 3 x 2 x 4 weights meets a one at 6 places.
  if (sum !== 144) throw new Error(`error: the gradient of a convolution is ${sum} instead of 144`);
  console.log(JSON.stringify({ version: tf.version_core } satisfies z.infer<typeof answerSchema>));
}
