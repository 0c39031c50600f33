import type { Output } from "../graph.ts";
import { multiply } from "../operations.ts";
import type { Pass, Surroundings } from "./pass.ts";

/** Nothing, outside of training. */
export function dropout(input: Output, { training }: Surroundings): Pass {
  if (!training) return { output: input, back: (slope) => slope };
  const mask = training.nextMask();
  return { output: multiply(input, mask), back: (slope, inner) => (inner ? multiply(slope, mask) : null) };
}
