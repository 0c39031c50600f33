import type { SynthesiseSpec } from "../spec.ts";
import type { Description } from "../statistics/document.ts";
import type { FidelityCheck } from "./fidelity.ts";
import type { LeftOut } from "./people.ts";
import type { PrivacyReport } from "./privacy.ts";
import type { Mended, Shortened } from "./synthesizer.ts";

/** A small model's figures; 0 to 1. */
export interface Score {
  readonly accuracy: number;
  readonly macroF1: number;
}

/** What the same small model learns from real and from made-up windows. Real ones to be told are of validation, never of holdout. */
export interface TransferReport {
  /** Trained on real windows, asked about real ones. */
  readonly real: Score;
  /** Trained on made-up windows alone, asked about real ones. */
  readonly syntheticToReal: Score;
  /** Trained on real windows, asked about made-up ones. */
  readonly realToSynthetic: Score;
  /** Trained on both, asked about real ones. */
  readonly both: Score;
}

/** Column `report` of table `synthesis`. */
export interface SynthesisReport {
  readonly format: 1;
  readonly seed: number;
  readonly people: readonly {
    readonly id: string;
    readonly cohort: string;
    readonly classes: readonly string[];
    /** As faker made them up; nothing in the rows depends on it. */
    readonly profile: Readonly<Record<string, string | number>>;
  }[];
  readonly recordings: number;
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly windows: number;
  readonly leftOut: readonly LeftOut[];
  readonly mended: readonly Mended[];
  readonly shortened: readonly Shortened[];
  readonly fidelity: { readonly passed: number; readonly failed: number; readonly checks: readonly FidelityCheck[] };
  /** Null where there are no features to measure distances in, or no other real people. */
  readonly privacy: PrivacyReport | null;
  readonly transfer: TransferReport | null;
  /** Of what was made up, in the bins of the real rows' statistics, without those of pairs of channels. */
  readonly statistics: Description;
}

/** Column `decision` of table `synthesis`. */
export interface SynthesisDecision {
  readonly asked: SynthesiseSpec["training"];
  readonly joins: boolean;
  /** One sentence for people. */
  readonly reason: string;
  /** Macro F1 on real validation windows of the small model, without and with made-up windows in its training. */
  readonly macroF1: { readonly real: number; readonly both: number } | null;
}

/**
 * Whether made-up windows may join the training: only where that was asked for, nobody was copied, and what a model
 * learns from both is no worse on real people than what it learns from real windows alone.
 */
export function decideJoining(
  asked: SynthesiseSpec["training"],
  { windows, privacy, transfer }: Pick<SynthesisReport, "windows" | "privacy" | "transfer">,
): SynthesisDecision {
  const macroF1 = transfer && { real: transfer.real.macroF1, both: transfer.both.macroF1 };
  const say = (joins: boolean, reason: string): SynthesisDecision => ({ asked, joins, reason, macroF1 });
  if (asked === "never") return say(false, "the spec keeps made-up windows out of the training");
  if (windows === 0) return say(false, "there is no made-up window");
  if (!macroF1) return say(false, "there is no real validation window to judge them by");
  if (!privacy?.pass) return say(false, "made-up windows come closer to those of real people than other real people do");
  const figures = `macro F1 on validation ${macroF1.real.toFixed(4)} without them, ${macroF1.both.toFixed(4)} with them`;
  // Also false where one of them is not a number.
  return macroF1.both >= macroF1.real ? say(true, figures) : say(false, `a model would lose by them: ${figures}`);
}
