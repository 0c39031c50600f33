import { z } from "zod";
import type { Metrics } from "./metrics-schema.ts";

/** The stages of a run, in order; the same words in code, on the page and in the manual. */
export const STAGES = [
  "stage",
  "clean",
  "snapshot",
  "window",
  "cluster",
  "describe",
  "synthesise",
  "train",
  "evaluate",
  "decide",
  "promote",
  "score",
  "features",
] as const;
export type StageName = (typeof STAGES)[number];

export const RUN_STATES = ["queued", "running", "waiting", "done", "failed", "cancelled"] as const;
export type RunState = (typeof RUN_STATES)[number];
export const STAGE_STATES = ["planned", "waiting", "running", "done", "reused", "skipped", "failed", "cancelled"] as const;
export type StageState = (typeof STAGE_STATES)[number];

/** What every activity of a run is told. */
export interface RunContext {
  readonly run: string;
  readonly project: string;
  readonly specVersion: number;
  readonly seed: number;
}

/** A run's work in one slot: what its models may read, and from whom. */
export interface SearchContext extends RunContext {
  readonly slot: string;
  readonly cohort: string;
  readonly sensors: readonly string[];
  /** Who is in which cohort; null where all are one. */
  readonly clustering: string | null;
  readonly snapshot: string;
  /** Windows as the spec cuts them; a genome's own cut has others. */
  readonly windowSet: string;
  /** Synthetic windows that join the training; null = none. */
  readonly synthesis: string | null;
}

/** A window length or a rotation that a genome wants otherwise than the spec. */
export interface Cut {
  readonly seconds?: number;
  readonly rotateDegrees?: number;
}

/** Rows through a stage. For `clean`, in = out + quarantined + duplicate, to the row. */
export interface Counts {
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly rowsQuarantined?: number;
  readonly rowsDuplicate?: number;
}

export const verdictSchema = z.object({
  promoted: z.boolean(),
  /** One sentence for people. */
  reason: z.string(),
  /** Which check decided, for programs. */
  rule: z.enum([
    "first",
    "better",
    "tie",
    "worse",
    "floor",
    "class-collapse",
    "not-a-number",
    "missing-class",
    "holdout-changed",
    "leaking",
    "uncertain",
    "approved",
    "rejected",
  ]),
  candidate: z.string(),
  champion: z.string().nullable(),
  difference: z.object({ metric: z.string(), value: z.number(), low: z.number().nullable(), high: z.number().nullable() }).nullable(),
});
export type Verdict = z.infer<typeof verdictSchema>;

export interface RunResult {
  readonly run: string;
  readonly snapshot: string;
  readonly candidate: string;
  readonly champion: string | null;
  readonly decision: Verdict;
  readonly metrics: Metrics;
}
