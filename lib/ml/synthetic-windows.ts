import { channelsAfterFilters, chosenFeatures } from "../domain/features/choose.ts";
import { compileFeatures } from "../domain/features/compile.ts";
import { applyFilters } from "../domain/filters.ts";
import type { Recording } from "../domain/recording.ts";
import type { Spec } from "../domain/spec.ts";
import type { WindowShard } from "../domain/window-shard.ts";
import { planWindows, windowSamples } from "../domain/windows.ts";
import { WindowColumns } from "../store/window-columns.ts";

/**
 * Windows and features of recordings that were made up, by the code that makes those of real ones. All are on the
 * training side, whatever the split is, and none comes in denser or turned copies: as many as wanted can be made up.
 * @param signals whether the windows' samples are kept beside their features
 */
export function windowsOfSynthetic(recordings: Iterable<Recording>, spec: Spec, signals: boolean): WindowShard {
  const channels = channelsAfterFilters(spec);
  const samples = windowSamples(spec.windows, spec.rateHz);
  const chosen = chosenFeatures(spec);
  const features = chosen && compileFeatures(chosen, channels, spec.rateHz, samples || 128);
  const columns = new WindowColumns(features?.names.length ?? 0, signals && samples > 0 ? samples * channels.length : 0);
  const subjects = new Map<string, number>();
  const names: string[] = [];
  for (const raw of recordings) {
    const recording = applyFilters(raw, spec.filters);
    const series = channels.map((name) => recording.channels.get(name)!);
    const subject = subjects.get(recording.subject) ?? subjects.size;
    subjects.set(recording.subject, subject);
    names.push(recording.recording);
    for (const { from, to, label, startUs, sample } of planWindows(recording, spec.windows, false).windows) {
      if (label === null) continue;
      columns.add({
        subject,
        recording: names.length - 1,
        label: spec.labels.classes.indexOf(label),
        split: "train",
        dense: false,
        from: sample,
        to: sample + to - from,
        startUs,
      });
      features?.compute(series, from, to, columns.featureValues, columns.featureAt);
      columns.addSignals(series, from, to);
    }
  }
  return {
    ...columns.finish(),
    subjects: [...subjects.keys()],
    recordings: names,
    classes: spec.labels.classes,
    features: features?.names ?? [],
    channels,
    samples: columns.hasSignals ? samples : 0,
    rateHz: spec.rateHz,
  };
}
