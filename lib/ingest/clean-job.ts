import type { Job } from "../compute/job.ts";
import type { ErrorReport } from "../domain/errors.ts";
import type { Spec } from "../domain/spec.ts";
import { cleanFile } from "./clean-file.ts";
import type { FileScan } from "./scan.ts";
import { storageFull } from "./storage-full.ts";

export interface FileToClean {
  readonly id: string;
  /** As staged: named groups of `match` are read from it. */
  readonly name: string;
  /** The staged content on the local disk, and its hash, from which ids of recordings without an origin are made. */
  readonly path: string;
  readonly sha256: string;
  readonly fileSpec: number;
  readonly scan: FileScan;
  /** Made up: its people are never taken for real ones. */
  readonly synthetic?: boolean;
}

export interface CleanInput {
  readonly files: readonly FileToClean[];
  readonly spec: Spec;
  /** Secret of the installation that biometric ids are made with. */
  readonly pepper: string;
  readonly memoryMb: number;
  readonly threads: number;
}

/** Why a row was refused; the word in `quarantine.rule`. */
export type Rule = "structure" | "type" | "finite" | "range" | "null" | "vocabulary" | "time" | "conflict";

export interface PublishedFile {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface CleanedFile {
  readonly file: string;
  readonly state: "clean" | "refused";
  /**
   * rowsIn = rowsOk + rowsQuarantined + rowsDuplicate, always. Rows outside the spec's `only` are in `leftOut` and in no
   * other count. Of a refused file these are what was found, and nothing of it is published; all are 0 where it was
   * refused before its rows were read.
   */
  readonly rowsIn: number;
  readonly rowsOk: number;
  readonly rowsQuarantined: number;
  readonly rowsDuplicate: number;
  readonly leftOut: number;
  readonly parquet: PublishedFile | null;
  /** What is in the Parquet file: see `Pieces`. */
  readonly pieces: PublishedFile | null;
  /** NDJSON of `StatedProfile`; null where the file is not one of people. Such a file has no Parquet. */
  readonly profiles: { readonly path: string; readonly count: number } | null;
  /** NDJSON of {external, biometric}, distinct; null where nothing is published. */
  readonly subjects: { readonly path: string; readonly count: number } | null;
  /** NDJSON of {line, rule, column, reason, raw} by line; null where no row was refused. */
  readonly quarantine: { readonly path: string; readonly counts: Readonly<Partial<Record<Rule, number>>> } | null;
  readonly error?: ErrorReport;
  readonly detail: CleanDetail;
}

export interface CleanDetail {
  /** First and last time, in microseconds since 1970; null without a clock. */
  readonly fromUs: number | null;
  readonly toUs: number | null;
  readonly recordings: number;
  readonly subjects: number;
  /** Rows per class; "" is unlabelled. */
  readonly classes: Readonly<Record<string, number>>;
  /** 1 / median step between rows of a recording; null without a clock. */
  readonly measuredRateHz: number | null;
  /**
   * Hash of the channels' values, in order, without labels and times: two files with the same one hold the same
   * recording, whatever else they say of it, and belong on one side of a split. Null without channels.
   */
  readonly signalsSha256: string | null;
  /** Rows whose time is before that of the row above in their recording. */
  readonly outOfOrder: number;
}

export interface CleanOutput {
  readonly files: readonly CleanedFile[];
}

/** Cleans files one after another; results are files in the job's folder, named by the files' ids. */
export const run: Job<CleanInput, CleanOutput> = async ({ files, ...options }, control) => {
  const total = files.reduce((sum, file) => sum + file.scan.lines - file.scan.headerLines - file.scan.blankCount, 0);
  const cleaned: CleanedFile[] = [];
  let done = 0;
  for (const file of files) {
    const onRows = (rows: number) => control.progress({ done: done + rows, total, unit: "rows", detail: { file: file.name } });
    const result = await cleanFile(file, { ...options, folder: control.folder, onRows }).catch((error: unknown) => {
      throw storageFull(error);
    });
    cleaned.push(result);
    done += file.scan.lines - file.scan.headerLines - file.scan.blankCount;
    control.progress({ done, total, unit: "rows", detail: { file: file.name } });
  }
  return { files: cleaned };
};
