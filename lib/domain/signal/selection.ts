import type { SampleRange } from "./view.ts";

export type Edge = "from" | "to";

/** Moves one edge to the nearest sample; edges stay inside the recording, at least one sample apart, and never cross. */
export function moveEdge(selection: SampleRange, edge: Edge, sample: number, samples: number): SampleRange {
  const { from, to } = selection;
  const nearest = Math.round(sample);
  return edge === "from"
    ? { from: Math.max(0, Math.min(nearest, to - 1)), to }
    : { from, to: Math.min(samples, Math.max(nearest, from + 1)) };
}

/** The selection between two samples in whichever order, at least one sample wide. */
export function selectBetween(one: number, other: number, samples: number): SampleRange {
  const from = Math.min(samples - 1, Math.max(0, Math.round(Math.min(one, other))));
  return { from, to: Math.min(samples, Math.max(from + 1, Math.round(Math.max(one, other)))) };
}

/**
 * What a pointer at `x` would take hold of: an edge within reach, the nearer of both; where they are on top of each other,
 * the one that can be pulled out.
 * @param x and `edges` in pixels
 */
export function edgeAt(x: number, edges: { readonly from: number; readonly to: number }, reach: number): Edge | null {
  const [toFrom, toTo] = [Math.abs(x - edges.from), Math.abs(x - edges.to)];
  if (Math.min(toFrom, toTo) > reach) return null;
  if (toFrom === toTo) return x < edges.from ? "from" : "to";
  return toFrom < toTo ? "from" : "to";
}

/** The last span that holds a sample: later ones lie on top. */
export function spanAt<Span extends SampleRange>(spans: readonly Span[], sample: number): Span | undefined {
  return spans.findLast(({ from, to }) => from <= sample && sample < to);
}
