import type { LabelSpan } from "../recording.ts";

/**
 * At most `most` spans of a recording that has more: of those that begin in the same one of `most` equal parts of it the
 * longest stays. At a zoom that shows them all they would be narrower than a column of pixels.
 * @param length of the recording, in samples
 */
export function thinSpans(spans: readonly LabelSpan[], length: number, most: number): LabelSpan[] {
  if (spans.length <= most) return [...spans];
  const longest = new Map<number, LabelSpan>();
  for (const span of spans) {
    const part = Math.min(most - 1, Math.floor((span.from * most) / length));
    const before = longest.get(part);
    if (!before || span.to - span.from > before.to - before.from) longest.set(part, span);
  }
  return [...longest.values()].sort((left, right) => left.from - right.from);
}
