import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Job } from "../compute/job.ts";
import { SensorloopError } from "../domain/errors.ts";
import { rotationDegrees } from "../domain/cut.ts";
import { channelsAfterFilters, chosenFeatures } from "../domain/features/choose.ts";
import { compileFeatures } from "../domain/features/compile.ts";
import { applyFilters } from "../domain/filters.ts";
import { isSynthetic, recordingName } from "../domain/recording-id.ts";
import type { Recording } from "../domain/recording.ts";
import { createTurner, rotationOf, tripletsOf } from "../domain/rotation.ts";
import type { Spec } from "../domain/spec.ts";
import { encodeWindowShard, type Split } from "../domain/window-shard.ts";
import { planWindows, windowSamples, type PlannedWindow } from "../domain/windows.ts";
import { openDuckdb } from "./duckdb.ts";
import { saidIn } from "./frozen-labels.ts";
import type { SeriesPart } from "./pieces.ts";
import { readRecordings } from "./series.ts";
import { randomSide } from "./random-side.ts";
import { WindowColumns, type WindowRow } from "./window-columns.ts";

export interface WindowJobInput {
  readonly parts: readonly (SeriesPart & { readonly file: string })[];
  readonly spec: Spec;
  /** Path of a shard's recordings, as `list-recordings` wrote it. */
  readonly recordings: string;
  /** Path of a JSON object: subject or recording (by `spec.split.by`) to its side; not read for `random`. */
  readonly split: string;
  /** Path of what people said of recordings (lib/domain/labels/frozen.ts); without it the files alone say. */
  readonly labels?: string;
  /** For `split.by: random`, and for the rotations of copies. */
  readonly seed: number;
  /** Whether the windows' samples are wanted beside their features. */
  readonly signals: boolean;
  /** Name of the shard to write in the job's folder. */
  readonly outName: string;
}

export interface WindowJobOutput {
  readonly windows: number;
  /** Windows by side; apart from these the dense ones, and the copies that were turned. */
  readonly perSplit: Readonly<Record<Split | "dense" | "rotated", number>>;
  /** Labelled windows by class, dense ones left out. */
  readonly perClass: Readonly<Record<string, number>>;
  /** `gap`: gaps that no window spans; `short`: stretches or labels too short for one; `missing`: recordings without one of the channels. */
  readonly skipped: { readonly gap: number; readonly unlabelled: number; readonly short: number; readonly missing: number };
}

/** Makes the windows of a shard's recordings and writes them, with their features, as one window shard. */
export const run: Job<WindowJobInput, WindowJobOutput> = async (input, control) => {
  const { spec, parts } = input;
  const where = JSON.parse(await readFile(input.recordings, "utf8")) as [string, string][] | null;
  const sideOf = await sides(input);
  const channels = channelsAfterFilters(spec);
  const samples = windowSamples(spec.windows, spec.rateHz);
  const chosen = chosenFeatures(spec);
  const features = chosen && compileFeatures(chosen, channels, spec.rateHz, samples || 128);
  const degrees = rotationDegrees(spec);
  const places = tripletsOf(spec.features).map(([x, y, z]) => [channels.indexOf(x), channels.indexOf(y), channels.indexOf(z)] as const);
  const turned = createTurner(places, channels.length, samples);
  const columns = new WindowColumns(features?.names.length ?? 0, input.signals && samples > 0 ? samples * channels.length : 0);
  const perSplit = { train: 0, validation: 0, holdout: 0, unlabelled: 0, dense: 0, rotated: 0 };
  const perClass = Object.fromEntries(spec.labels.classes.map((label) => [label, 0]));
  const skipped = { gap: 0, unlabelled: 0, short: 0, missing: 0 };
  const known = {
    subjects: new Map<string, number>(),
    recordings: new Map<string, number>(),
    classes: new Map(spec.labels.classes.map((label, index) => [label, index])),
  };

  await using database = await openDuckdb({
    folder: control.folder,
    memoryMb: Math.floor(spec.limits.jobMegabytes / 2),
    threads: 1,
    readable: parts.flatMap((part) => [part.path, part.pieces]),
  });
  let done = 0;
  for await (const raw of readRecordings({ database, parts, spec, where: where ?? undefined, said: await saidIn(input.labels) })) {
    const recording = applyFilters(raw, spec.filters);
    const series = channels.map((name) => recording.channels.get(name));
    control.progress({ done: ++done, total: where?.length ?? 0, unit: "recordings" });
    if (series.includes(undefined)) {
      skipped.missing++;
      continue;
    }
    add(recording, series as Float32Array[]);
  }
  await write();
  return { windows: columns.windows, perSplit, perClass, skipped };

  function add(recording: Recording, series: readonly Float32Array[]): void {
    // What was made up and sent in is scored like any other, and never learned from: only the stage `synthesise` decides that.
    const synthetic = isSynthetic(recording.subject);
    const dense = !synthetic && spec.split.by !== "random" && recording.labels.length > 0 && sideOf(recording) !== "holdout";
    const plan = planWindows(recording, spec.windows, dense);
    skipped.gap += plan.skipped.gap;
    skipped.unlabelled += plan.skipped.unlabelled;
    skipped.short += plan.skipped.short;
    if (plan.windows.length === 0) return;
    const subject = numberOf(known.subjects, recording.subject);
    const name = numberOf(known.recordings, recording.recording);
    for (const planned of plan.windows) {
      // What people say of a recording that no file labels is learned from or nothing: the holdout does not grow by it.
      const window =
        recording.partial && planned.label !== null && sideOf(recording, planned) !== "train" ? { ...planned, label: null } : planned;
      const side = window.label === null || synthetic ? "unlabelled" : sideOf(recording, window);
      perSplit[window.dense ? "dense" : side]++;
      if (window.label !== null && !window.dense) perClass[window.label]!++;
      const row: WindowRow = {
        subject,
        recording: name,
        label: window.label === null ? -1 : known.classes.get(window.label)!,
        split: side,
        dense: window.dense,
        from: window.sample,
        to: window.sample + window.to - window.from,
        startUs: window.startUs,
      };
      addRow(row, series, window.from, window.to);
      if (degrees === 0 || side === "holdout" || side === "unlabelled") continue;
      perSplit.rotated++;
      const rotation = rotationOf(input.seed, recordingName(recording.recording), window.sample, degrees);
      addRow({ ...row, dense: true }, turned(series, window.from, window.to, rotation), 0, window.to - window.from);
    }
  }

  function addRow(row: WindowRow, series: readonly Float32Array[], from: number, to: number): void {
    columns.add(row);
    features?.compute(series, from, to, columns.featureValues, columns.featureAt);
    columns.addSignals(series, from, to);
  }

  async function write(): Promise<void> {
    const pieces = encodeWindowShard({
      ...columns.finish(),
      subjects: [...known.subjects.keys()],
      recordings: [...known.recordings.keys()],
      classes: spec.labels.classes,
      features: features?.names ?? [],
      channels,
      samples: columns.hasSignals ? samples : 0,
      rateHz: spec.rateHz,
    });
    await using file = await open(join(control.folder, input.outName), "wx");
    for (const piece of pieces) await writeWhole(file, piece);
  }
};

function numberOf(known: Map<string, number>, name: string): number {
  let number = known.get(name);
  if (number === undefined) known.set(name, (number = known.size));
  return number;
}

type Side = Exclude<Split, "unlabelled">;

/** The side of a recording, or of each of its windows where the split is at random. */
async function sides({ spec, split, seed }: WindowJobInput): Promise<(recording: Recording, window?: PlannedWindow) => Side> {
  // What people alone labelled is learned from: the holdout stays as it is.
  if (spec.split.by === "random")
    return (recording, window) => (recording.partial ? "train" : randomSide(spec.split, seed, recording, window?.sample ?? 0));
  const known = JSON.parse(await readFile(split, "utf8")) as Record<string, Side>;
  return (recording) => {
    const unit = spec.split.by === "subject" ? recording.subject : recording.recording;
    const side = Object.hasOwn(known, unit) ? known[unit] : undefined;
    if (!side) throw new SensorloopError("INTERNAL", `the snapshot's split says nothing of ${spec.split.by} '${unit}', which has labels`);
    return side;
  };
}

async function writeWhole(file: Awaited<ReturnType<typeof open>>, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.length;) at += (await file.write(piece, at)).bytesWritten;
}
