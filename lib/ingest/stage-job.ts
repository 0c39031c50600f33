import { join } from "node:path";
import type { Job } from "../compute/job.ts";
import { SensorloopError, type ErrorCode, type ErrorReport } from "../domain/errors.ts";
import type { FilesSpec } from "../domain/spec.ts";
import { filesOf } from "./archive.ts";
import { UNPACK_LIMITS, type UnpackLimits } from "./budget.ts";
import type { FileScan } from "./scan.ts";
import { stageFile } from "./stage-file.ts";
import { storageFull } from "./storage-full.ts";

export interface StageInput {
  /** The upload on the local disk; its hash has been checked. */
  readonly path: string;
  /** Its path inside the folder it was added from. */
  readonly name: string;
  readonly files: readonly FilesSpec[];
  readonly limits?: Partial<UnpackLimits>;
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

/** What a file may be refused for; anything else is the machinery's fault and not the file's. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  "EMPTY_FILE",
  "HEADER_ONLY",
  "NOT_TEXT",
  "NUL_BYTES",
  "ENCODING_UNDECLARED",
  "LINE_TOO_LONG",
  "GZIP_CORRUPT",
  "ZIP_CORRUPT",
  "DECOMPRESSION_BOMB",
  "HEADER_MISMATCH",
]);
const UNMATCHED_LISTED = 1000;

/** Opens one upload and brings each file in it that the spec knows to its normal form, or says why it is refused. */
export const run: Job<StageInput, StageOutput> = async ({ path, name, files, limits }, control) => {
  const patterns = files.map(({ match }) => new RegExp(match));
  const entries: StagedEntry[] = [];
  const unmatched: string[] = [];
  let unmatchedCount = 0;
  let bytes = 0;
  const matching = (names: readonly string[]) => {
    for (const known of names) {
      const fileSpec = patterns.findIndex((pattern) => pattern.test(known));
      if (fileSpec >= 0) return { known, fileSpec };
    }
    return undefined;
  };
  // A bomb ends it: what else the archive holds is not worked off entry by entry.
  for await (const file of filesOf(path, name, control.folder, { ...UNPACK_LIMITS, ...limits }, (names) => matching(names) !== undefined)) {
    const match = matching(file.names);
    const known = match?.known ?? (file.names[0] as string);
    if ("error" in file) {
      entries.push(refused(known, match?.fileSpec ?? -1, file.error));
      if (file.error.code === "DECOMPRESSION_BOMB") break;
      continue;
    }
    if (!match) {
      if (++unmatchedCount <= UNMATCHED_LISTED) unmatched.push(known);
      continue;
    }
    try {
      const staged = await stageFile(
        { ...file, names: [known] },
        files[match.fileSpec] as FilesSpec,
        join(control.folder, `entry-${entries.length}`),
      );
      entries.push({ state: "staged", name: known, fileSpec: match.fileSpec, ...staged });
      bytes += staged.bytes;
    } catch (error) {
      if (!(error instanceof SensorloopError) || !REFUSALS.has(error.code)) throw storageFull(error);
      entries.push(refused(known, match.fileSpec, error));
      if (error.code === "DECOMPRESSION_BOMB") break;
    }
    control.progress({ done: entries.length, total: 0, unit: "files", detail: { bytes } });
  }
  return { entries, unmatched, unmatchedCount };
};

function refused(name: string, fileSpec: number, error: SensorloopError): StagedEntry {
  return { state: "refused", name, fileSpec, path: "", sha256: "", bytes: 0, error: error.report() };
}
