import type { SignalInfo } from "../api/signals.ts";
import { momentText } from "./ticks.ts";
import type { SampleRange } from "./view.ts";

/** Labels named one by one; of more, how many there are of each class. */
const NAMED = 4;

/** What the picture shows, for who does not see it. */
export function describeView(info: SignalInfo, view: SampleRange, selection: SampleRange | null, zone?: string): string {
  const moment = (sample: number) => momentText(Math.min(info.samples, Math.max(0, sample)), info, zone);
  const sensors = [...Map.groupBy(info.channels, ({ sensor }) => sensor)].map(
    ([sensor, channels]) => `${sensor} with ${channels.length === 1 ? "one channel" : `${channels.length} channels`}`,
  );
  const gaps = info.stretches.filter(([from], index) => index > 0 && from > view.from && info.stretches[index - 1]![1] < view.to).length;
  return [
    `${moment(view.from)} to ${moment(view.to)} of ${moment(0)} to ${moment(info.samples)}: ${sensors.join(", ")}.`,
    gaps > 0 ? `${gaps === 1 ? "One gap" : `${gaps} gaps`} without measurements.` : "",
    spansText("Labels", info.labels.filter(inView(view)), moment),
    spansText(
      "Predictions",
      info.predictions.filter(inView(view)).map(({ predicted, ...span }) => ({ ...span, label: predicted })),
      moment,
    ),
    selection ? `Selected: ${moment(selection.from)} to ${moment(selection.to)}.` : "",
  ]
    .filter((sentence) => sentence !== "")
    .join(" ");
}

function inView(view: SampleRange): (span: SampleRange) => boolean {
  return ({ from, to }) => from < view.to && to > view.from;
}

function spansText(what: string, spans: readonly (SampleRange & { label: string })[], moment: (sample: number) => string): string {
  if (spans.length === 0) return "";
  if (spans.length <= NAMED)
    return `${what}: ${spans.map(({ label, from, to }) => `${label} from ${moment(from)} to ${moment(to)}`).join(", ")}.`;
  const counts = [...Map.groupBy(spans, ({ label }) => label)].sort(([, one], [, other]) => other.length - one.length);
  return `${what}: ${counts.map(([label, held]) => `${held.length} times ${label}`).join(", ")}.`;
}
