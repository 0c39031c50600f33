import { z } from "zod";
import type { Label } from "../api/labels.ts";
import { SensorloopError } from "../errors.ts";
import { isSynthetic } from "../recording-id.ts";
import type { Spec } from "../spec.ts";
import { resolve, standing, type ResolvedSpan, type SignedLabel } from "./policy.ts";

const FORMAT = 1;

/**
 * What people said of a project's recordings, as a snapshot keeps it: resolved by the one policy, on the clock of the
 * spec's rate. The same labels give the same bytes, whenever and in whichever order they were signed.
 */
const frozenSchema = z.object({
  format: z.literal(FORMAT),
  rateHz: z.number(),
  classes: z.array(z.string()),
  /** By subject and recording: [from, to, index of the class]. */
  recordings: z.array(
    z.object({ subject: z.string(), recording: z.string(), spans: z.array(z.tuple([z.int(), z.int(), z.int()])).min(1) }),
  ),
});
export type FrozenLabels = z.infer<typeof frozenSchema>;

/** Labels that a snapshot cannot use, and why. */
export interface LeftOut {
  /** Labels by a class that the spec has no longer. */
  readonly classes: Readonly<Record<string, number>>;
  /** Labels on recordings that were made up. */
  readonly synthetic: number;
}

type Signed = SignedLabel & Pick<Label, "subject" | "recording">;

/** Gathers labels, recording by recording, in whichever order. */
export class LabelFreezer {
  readonly #spec: Pick<Spec, "labels" | "rateHz" | "windows">;
  readonly #recordings: { readonly subject: string; readonly recording: string; readonly spans: readonly ResolvedSpan[] }[] = [];
  readonly #gone = new Map<string, number>();
  #synthetic = 0;

  constructor(spec: Pick<Spec, "labels" | "rateHz" | "windows">) {
    this.#spec = spec;
  }

  /** @param labels all of one recording */
  add(labels: readonly Signed[]): void {
    const valid = standing(labels);
    const [first] = valid;
    if (!first) return;
    if (isSynthetic(first.subject)) {
      this.#synthetic += valid.length;
      return;
    }
    const { rateHz, windows } = this.#spec;
    // Rows that are not resampled have their places whatever the rate.
    const usable = valid.map((label) => this.#named(windows.kind === "sliding" ? label : { ...label, rateHz }));
    const spans = resolve(usable, rateHz);
    if (spans.length > 0) this.#recordings.push({ subject: first.subject, recording: first.recording, spans });
  }

  frozen(): FrozenLabels {
    const classes = [...new Set(this.#recordings.flatMap(({ spans }) => spans.map((span) => span.class)))].sort();
    const places = new Map(classes.map((name, index) => [name, index]));
    return {
      format: FORMAT,
      rateHz: this.#spec.rateHz,
      classes,
      recordings: this.#recordings
        .map(({ subject, recording, spans }) => ({
          subject,
          recording,
          spans: spans.map((span): [number, number, number] => [span.from, span.to, places.get(span.class)!]),
        }))
        .sort((left, right) => compare(left.subject, right.subject) || compare(left.recording, right.recording)),
    };
  }

  leftOut(): LeftOut {
    return { classes: Object.fromEntries(this.#gone), synthetic: this.#synthetic };
  }

  /** Under a class of the spec of today; one that it has no longer says nothing, as if it were taken back. */
  #named(label: Signed): Signed {
    if (label.class === null) return label;
    const name = classOf(this.#spec.labels, label.class);
    if (name === null) this.#gone.set(label.class, (this.#gone.get(label.class) ?? 0) + 1);
    return name === label.class ? label : { ...label, class: name };
  }
}

/** The class that a name stands for, itself or by the spec's `labels.map`; null where it is none. */
function classOf({ classes, map }: Spec["labels"], name: string): string | null {
  if (classes.includes(name)) return name;
  const mapped = Object.hasOwn(map, name) ? map[name]! : null;
  return mapped !== null && classes.includes(mapped) ? mapped : null;
}

/** @throws SensorloopError FORMAT_TOO_NEW, OBJECT_CORRUPT */
export function readFrozenLabels(text: string): FrozenLabels {
  const value: unknown = JSON.parse(text);
  const format = z.object({ format: z.number() }).safeParse(value);
  if (format.success && format.data.format > FORMAT)
    throw new SensorloopError(
      "FORMAT_TOO_NEW",
      `the snapshot's labels have format ${format.data.format}; this version reads up to ${FORMAT}`,
    );
  const parsed = frozenSchema.safeParse(value);
  if (!parsed.success) throw new SensorloopError("OBJECT_CORRUPT", "the snapshot's labels are not what a snapshot writes");
  return parsed.data;
}

/** By code units, so that no machine's language changes the order. */
function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Looks up the spans of a recording. */
export function spansByRecording({ classes, recordings }: FrozenLabels): (subject: string, recording: string) => readonly ResolvedSpan[] {
  const bySubject = new Map<string, Map<string, FrozenLabels["recordings"][number]["spans"]>>();
  for (const { subject, recording, spans } of recordings) {
    if (!bySubject.has(subject)) bySubject.set(subject, new Map());
    bySubject.get(subject)!.set(recording, spans);
  }
  return (subject, recording) =>
    (bySubject.get(subject)?.get(recording) ?? []).map(([from, to, index]) => ({ from, to, class: classes[index]! }));
}
