import { createHash } from "node:crypto";
import type { Recording } from "../domain/recording.ts";
import type { SplitSpec } from "../domain/spec.ts";

/**
 * The side of one window in a split at random: the same for the same seed, wherever and in whichever order windows are
 * made. Shares are as in a split by subject: validation is a share of what the holdout leaves.
 */
export function randomSide(
  split: SplitSpec,
  seed: number,
  { subject, recording }: Recording,
  sample: number,
): "train" | "validation" | "holdout" {
  const hash = createHash("sha256")
    .update(JSON.stringify([seed, subject, recording, sample]))
    .digest();
  const drawn = hash.readUInt32LE(0) / 2 ** 32;
  // Names of subjects mean nothing to windows drawn at random; the schema's own shares stand in for them.
  const holdout = typeof split.holdout === "number" ? split.holdout : 0.3;
  const validation = typeof split.validation === "number" ? split.validation : 0.2;
  if (drawn < holdout) return "holdout";
  return drawn < holdout + (1 - holdout) * validation ? "validation" : "train";
}
