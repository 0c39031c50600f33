import type { NightCause } from "../api/nights.ts";
import type { RetrainSpec } from "../spec-annotation.ts";

/** What a night would train on, beside what the training before it had. */
export interface NightData {
  readonly cause: NightCause;
  readonly uploads: number;
  /** Standing labels of people; those of the files are not counted. */
  readonly labels: number;
  /** Hash of uploads, standing labels and what the spec says of training. */
  readonly sha256: string;
  /** Hash of what the spec says of training alone. */
  readonly specSha256: string;
  /** Null where nothing was trained yet, or before trainings told what they had. */
  readonly last: { readonly run: string; readonly sha256: string; readonly specSha256: string } | null;
  /** Since that training. */
  readonly newLabels: number;
  readonly newFiles: number;
}

/** Whether a night should train, and why or why not, in a sentence with the numbers that decided. */
export function isWorthIt(data: NightData, { minLabels, atLabels }: RetrainSpec): { readonly worth: boolean; readonly reason: string } {
  const { last, newFiles, newLabels } = data;
  if (data.uploads === 0) return { worth: false, reason: "the project has no files yet" };
  if (!last) return { worth: true, reason: "nothing was trained yet" };
  if (data.sha256 === last.sha256) {
    const same = `${count(data.uploads, "file")}, ${count(data.labels, "standing label")} and spec`;
    return { worth: false, reason: `nothing has changed since run ${last.run}: the same ${same}` };
  }
  if (data.specSha256 !== last.specSha256) return { worth: true, reason: `the spec has changed since run ${last.run}` };
  if (newFiles > 0)
    return { worth: true, reason: `${count(newFiles, "new file")} and ${count(newLabels, "new label")} since run ${last.run}` };
  // Whoever asks at N labels wants a training at N labels.
  const enough = data.cause === "labels" ? Math.min(minLabels, atLabels ?? minLabels) : minLabels;
  if (newLabels >= enough) return { worth: true, reason: `${count(newLabels, "new label")} since run ${last.run}` };
  return { worth: false, reason: `${count(newLabels, "new label")} of the ${enough} it takes, and no new file, since run ${last.run}` };
}

function count(n: number, noun: string): string {
  return `${n === 0 ? "no" : n} ${noun}${n === 1 ? "" : "s"}`;
}
