import type { ModelGenome } from "./artifact.ts";
import { canonicalJson } from "./canonical.ts";
import { SensorloopError } from "./errors.ts";
import type { Spec } from "./spec.ts";
import type { Cut } from "./stages.ts";

/**
 * The spec whose windows are cut as a genome wants them. A cut that asks for what the spec says anyway gives the same
 * windows, and so the same window set.
 * @throws SensorloopError SPEC_INVALID where windows are not sliding: a row or a recording has no other length
 */
export function cutSpec(spec: Spec, cut: Cut | null = null): Spec {
  if (cut?.seconds === undefined && cut?.rotateDegrees === undefined) return spec;
  const { windows } = spec;
  if (windows.kind !== "sliding") {
    throw new SensorloopError("SPEC_INVALID", `a genome cannot cut windows of kind '${windows.kind}' otherwise; only sliding ones`);
  }
  const { seconds = windows.seconds, rotateDegrees = windows.rotateDegrees } = cut;
  return { ...spec, windows: { ...windows, seconds, rotateDegrees } };
}

/** The cut of the windows that a model reads; the members of an ensemble read the same ones. */
export function cutOf(genome: ModelGenome): Cut | undefined {
  return genome.family === "ensemble" ? genome.members[0]?.cut : genome.cut;
}

/** What decides which windows the holdout has under a spec and a genome: what is only for training is left out. */
export function cutKey(spec: Spec, genome: ModelGenome): string {
  const { windows } = cutSpec(spec, cutOf(genome));
  return canonicalJson(windows.kind === "sliding" ? { ...windows, trainOverlap: undefined, rotateDegrees: undefined } : windows);
}

/** Standard deviation of the angle by which copies of training windows are turned, in degrees; 0 = there are no copies. */
export function rotationDegrees({ windows }: Pick<Spec, "windows">): number {
  return windows.kind === "sliding" ? (windows.rotateDegrees ?? 0) : 0;
}

/** Whether windows must keep their samples beside their features: convolutions read them, and evolution may try some. */
export function readsSignals({ windows, models, evolve }: Pick<Spec, "windows" | "models" | "evolve">): boolean {
  return windows.kind === "sliding" && (evolve !== undefined || models.some(({ family }) => family === "cnn"));
}
