import type { SignalInfo } from "../../../../lib/domain/api/signals.ts";
import type { Task } from "../../../../lib/domain/api/tasks.ts";
import type { SampleRange } from "../../../../lib/domain/signal/view.ts";

/** Windows that are shown on either side of the one that is asked about, and what a short window gets at least. */
const CONTEXT_WINDOWS = 2;
const LEAST_CONTEXT_SECONDS = 4;
const LEAST_CONTEXT_ROWS = 12;
/** Fetched before what is shown, so that filters have settled where the track begins. */
const LEAD_SECONDS = 2;
/** More samples than this are fetched as extremes; a model's track is then not computed. */
export const MOST_SAMPLES = 8_000;

type Place = Pick<SignalInfo, "samples" | "rateHz" | "axis">;

/** The task's window in samples of the signal, whose rate may be another since the task was made. */
export function windowOf(task: Pick<Task, "from" | "to" | "rateHz">, info: Place): SampleRange {
  const scale = info.axis === "row" ? 1 : info.rateHz / task.rateHz;
  const from = Math.min(info.samples - 1, Math.round(task.from * scale));
  return { from, to: Math.max(from + 1, Math.min(info.samples, Math.round(task.to * scale))) };
}

/** A selection of the signal in samples of the task's own rate; the window itself comes out as it was. */
export function intervalOf(selection: SampleRange, task: Pick<Task, "from" | "to" | "rateHz">, info: Place): SampleRange {
  const window = windowOf(task, info);
  if (selection.from === window.from && selection.to === window.to) return { from: task.from, to: task.to };
  const scale = info.axis === "row" ? 1 : task.rateHz / info.rateHz;
  const from = Math.round(selection.from * scale);
  return { from, to: Math.max(from + 1, Math.round(selection.to * scale)) };
}

/** What is on screen at first: the window with what lies before and after. */
export function firstView(window: SampleRange, info: Place): SampleRange {
  return around(window, contextOf(window, info), info);
}

/** What is fetched ahead: a little more than is on screen at first. */
export function fetchedPart(window: SampleRange, info: Place): SampleRange {
  const lead = info.axis === "row" ? 0 : Math.round(LEAD_SECONDS * info.rateHz);
  return around(window, Math.ceil(1.5 * contextOf(window, info)) + lead, info);
}

function contextOf({ from, to }: SampleRange, info: Place): number {
  const least = info.axis === "row" ? LEAST_CONTEXT_ROWS : Math.round(LEAST_CONTEXT_SECONDS * info.rateHz);
  return Math.max(CONTEXT_WINDOWS * (to - from), least);
}

function around({ from, to }: SampleRange, context: number, { samples }: Place): SampleRange {
  return { from: Math.max(0, from - context), to: Math.min(samples, to + context) };
}

/** A view as wide as before, some samples on, inside the recording. */
export function panned({ from, to }: SampleRange, by: number, { samples }: Place): SampleRange {
  const begin = Math.max(0, Math.min(samples - (to - from), from + by));
  return { from: begin, to: begin + (to - from) };
}

/** Moves an edge of a selection, never over the other one nor out of the recording. */
export function movedEdge(selection: SampleRange, edge: "from" | "to", by: number, { samples }: Place): SampleRange {
  const { from, to } = selection;
  if (edge === "from") return { from: Math.min(to - 1, Math.max(0, from + by)), to };
  return { from, to: Math.max(from + 1, Math.min(samples, to + by)) };
}
