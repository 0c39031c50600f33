import type { Genome } from "../spec.ts";

/** A genome that was tried in a slot, and what came of it. */
export interface Trial {
  readonly id: string;
  readonly genome: Genome;
  /** The generation of this search in which it was first asked for. */
  readonly generation: number;
  /** Macro F1 on validation; null where it could not be trained. */
  readonly score: number | null;
}

/** A genome to be tried. */
export interface Proposal {
  readonly genome: Genome;
  readonly origin: "spec" | "memory" | "mutant";
  /** Ids of the trials it comes from. */
  readonly parents: readonly string[];
  /** What was changed, for people; null where nothing was. */
  readonly mutation: string | null;
}

/** The best trials first; of equal ones the earlier, then the smaller id, so that the order never depends on who was faster. */
export function ranked(trials: readonly Trial[]): (Trial & { readonly score: number })[] {
  return trials
    .filter((trial): trial is Trial & { score: number } => trial.score !== null && Number.isFinite(trial.score))
    .sort((a, b) => b.score - a.score || a.generation - b.generation || (a.id < b.id ? -1 : 1));
}
