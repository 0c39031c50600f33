import type { LabelSpan, Recording } from "../recording.ts";
import type { ResolvedSpan } from "./policy.ts";

/**
 * A recording with what people said of it: where their word and the file's overlap, theirs holds. A word that agrees with
 * the file changes nothing, so that windows that begin with a label of the file stay where they are.
 * @param spans of this recording, on its clock at its rate, ascending and without overlap, as `resolve` gives them
 */
export function overlay(base: Recording, spans: readonly ResolvedSpan[]): Recording {
  const said = placed(base, spans);
  if (said.length === 0) return base;
  const kept = base.labels.flatMap((label) => without(label, said));
  const labels = [...kept, ...said].sort((left, right) => left.from - right.from || left.to - right.to);
  return { ...base, labels: joined(labels), partial: base.labels.length === 0 };
}

interface Said extends LabelSpan {
  readonly said: true;
}

/** Spans in positions of the recording's arrays, cut at gaps, which are not stored. */
function placed({ stretches, offsets }: Recording, spans: readonly ResolvedSpan[]): Said[] {
  const found: Said[] = [];
  for (const [index, [begin, end]] of stretches.entries()) {
    const offset = offsets?.[index] ?? 0;
    for (let at = firstBehind(spans, begin + offset); at < spans.length && spans[at]!.from < end + offset; at++) {
      const { from, to, class: label } = spans[at]!;
      found.push({ label, from: Math.max(begin, from - offset), to: Math.min(end, to - offset), said: true });
    }
  }
  return found;
}

/** What people leave of a label of the file: all but where they say otherwise. */
function without(label: LabelSpan, said: readonly Said[]): LabelSpan[] {
  const parts: LabelSpan[] = [];
  let from = label.from;
  for (let at = firstBehind(said, label.from); at < said.length && said[at]!.from < label.to; at++) {
    const other = said[at]!;
    if (other.label === label.label) continue;
    if (other.from > from) parts.push({ ...label, from, to: other.from });
    from = other.to;
  }
  if (from < label.to) parts.push(from === label.from ? label : { ...label, from });
  return parts;
}

/** Each word of people becomes one with the labels of its class that it touches; labels of the file are never joined to each other. */
function joined(labels: readonly (LabelSpan | Said)[]): LabelSpan[] {
  const done: LabelSpan[] = [];
  const open = new Map<string, { from: number; to: number; saidTo: number }>();
  for (const label of labels) {
    const { from, to } = label;
    const said = "said" in label;
    const last = open.get(label.label);
    if (last && from <= (said ? last.to : last.saidTo)) {
      last.to = Math.max(last.to, to);
      if (said) last.saidTo = Math.max(last.saidTo, to);
      continue;
    }
    if (last) done.push({ label: label.label, from: last.from, to: last.to });
    open.set(label.label, { from, to, saidTo: said ? to : -1 });
  }
  for (const [label, { from, to }] of open) done.push({ label, from, to });
  return done.sort((left, right) => left.from - right.from);
}

/** Index of the first of ascending spans that ends behind a place. */
function firstBehind(spans: readonly { readonly to: number }[], place: number): number {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]!.to <= place) low = middle + 1;
    else high = middle;
  }
  return low;
}
