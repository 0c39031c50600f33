import type { Job } from "../compute/job.ts";
import type { ErrorReport } from "../domain/errors.ts";
import type { FilesSpec } from "../domain/spec.ts";
import type { FileScan } from "./scan.ts";

export interface StageLimits {
  /** Most bytes that one upload may unpack to, all its entries together. */
  readonly maxBytes: number;
  /** Most bytes out for each byte in, beyond the first `freeBytes`. */
  readonly maxRatio: number;
  readonly freeBytes: number;
}

export const DEFAULT_LIMITS: StageLimits = { maxBytes: 64 * 2 ** 30, maxRatio: 200, freeBytes: 10 * 2 ** 20 };

export interface StageInput {
  /** The upload on the local disk; its hash has been checked. */
  readonly path: string;
  /** Its path inside the folder it was added from. */
  readonly name: string;
  readonly files: readonly FilesSpec[];
  readonly limits?: Partial<StageLimits>;
}

export type StagedEntry =
  | {
      readonly state: "staged";
      /** What `match` was tested on: the path inside the archive, or the upload's name; without `.gz`. */
      readonly name: string;
      /** Index into `files`: the first whose pattern matches. */
      readonly fileSpec: number;
      /** The normalised content: a file in the job's folder, or the upload itself where nothing had to change. */
      readonly path: string;
      readonly sha256: string;
      readonly bytes: number;
      readonly scan: FileScan;
      readonly error?: undefined;
    }
  | {
      readonly state: "refused";
      readonly name: string;
      readonly fileSpec: number;
      readonly path: "";
      readonly sha256: "";
      /** Bytes read until it was refused. */
      readonly bytes: number;
      readonly scan?: undefined;
      readonly error: ErrorReport;
    };

export interface StageOutput {
  /** Entries that a pattern matches; empty = FILE_UNMATCHED. An archive that cannot be opened is one refused entry. */
  readonly entries: readonly StagedEntry[];
  /** Names that no pattern matches, the first thousand of them. */
  readonly unmatched: readonly string[];
  readonly unmatchedCount: number;
}

export const run: Job<StageInput, StageOutput> = () => Promise.reject(new Error("being written"));
