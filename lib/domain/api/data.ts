import { z } from "zod";
import { timeSchema } from "./page.ts";

export const uploadSchema = z.object({
  id: z.uuid(),
  project: z.string(),
  name: z.string(),
  sha256: z.string(),
  bytes: z.int(),
  source: z.string().nullable(),
  createdBy: z.string(),
  createdAt: timeSchema,
});
export type Upload = z.infer<typeof uploadSchema>;
/** `known`: the same bytes under the same name were here already, and this is their upload. */
export const takenInSchema = uploadSchema.extend({ known: z.boolean() });
export type TakenIn = z.infer<typeof takenInSchema>;

export const FILE_STATES = ["staged", "duplicate", "refused"] as const;

/** Why something was refused; the catalogue's code, what happened, what to do. */
export const reportSchema = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
  retryable: z.boolean(),
  facts: z.record(z.string(), z.unknown()).default({}),
});

/** `rowsIn = rowsOk + rowsQuarantined + rowsDuplicate`, to the row. */
const rowCountsSchema = z.object({ rowsIn: z.int(), rowsOk: z.int(), rowsQuarantined: z.int(), rowsDuplicate: z.int() });

export const fileSchema = z.object({
  id: z.uuid(),
  project: z.string(),
  name: z.string(),
  upload: z.uuid(),
  state: z.enum(FILE_STATES),
  duplicateOf: z.uuid().nullable(),
  sha256: z.string().nullable(),
  bytes: z.int(),
  scan: z.record(z.string(), z.unknown()),
  error: reportSchema.nullable(),
  createdAt: timeSchema,
  /** Its newest cleaning; null before the first. */
  cleaning: rowCountsSchema
    .extend({ id: z.uuid(), state: z.enum(["clean", "refused"]), error: reportSchema.nullable(), createdAt: timeSchema })
    .nullable(),
});
export type DataFile = z.infer<typeof fileSchema>;

export const fileQuerySchema = z.object({ state: z.enum(FILE_STATES).optional() });

/** Sums over the files of a project, by their newest cleaning. */
export const dataCountsSchema = rowCountsSchema.extend({
  uploads: z.int(),
  files: z.object({ staged: z.int(), duplicate: z.int(), refused: z.int() }),
  bytes: z.int(),
  snapshots: z.int(),
  newestAt: timeSchema.nullable(),
});
export type DataCounts = z.infer<typeof dataCountsSchema>;

export const snapshotSchema = z.object({
  id: z.string(),
  project: z.string(),
  recordings: z.int(),
  subjects: z.int(),
  rows: z.int(),
  /** Per split, as the snapshot stage counted: recordings, subjects, rows. */
  splits: z.unknown(),
  holdoutSha256: z.string(),
  leaking: z.boolean(),
  createdAt: timeSchema,
});
export type Snapshot = z.infer<typeof snapshotSchema>;

/** Refused rows by rule, over the newest cleaning of each file. */
export const quarantineRuleSchema = z.object({ rule: z.string(), rows: z.int(), files: z.int(), example: z.string() });
export type QuarantineRule = z.infer<typeof quarantineRuleSchema>;

export const quarantineQuerySchema = z.object({ rule: z.string().max(60).optional(), file: z.uuid().optional() });
export const quarantineRowSchema = z.object({
  file: z.uuid(),
  fileName: z.string(),
  /** Counted from 1, headers included. */
  line: z.int(),
  rule: z.string(),
  column: z.string().nullable(),
  reason: z.string(),
  raw: z.string(),
});
export type QuarantineRow = z.infer<typeof quarantineRowSchema>;

/** A replay is a run that only cleans. Rows that moved back into the data and rows still held; null while it goes on. */
export const replaySchema = z.object({ run: z.string(), state: z.string(), moved: z.int().nullable(), left: z.int().nullable() });
export type Replay = z.infer<typeof replaySchema>;
