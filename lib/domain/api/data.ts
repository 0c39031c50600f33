import { z } from "zod";
import { idSchema } from "../ids.ts";
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

/** What is known of a person beside the signals; each may be unknown. */
const profileSchema = z.object({
  age: z.int().nullable(),
  sex: z.string().nullable(),
  level: z.string().nullable(),
  weightKg: z.number().nullable(),
  heightCm: z.number().nullable(),
});

/** The newest clustering of a project. Without one all lists are empty and `reason` says why, where that is known. */
export const cohortsSchema = z.object({
  clustering: z.string().nullable(),
  snapshot: z.string().nullable(),
  createdAt: timeSchema.nullable(),
  /** What people were compared by. */
  by: z.string().nullable(),
  /** Mean silhouette of the training people, -1 to 1; null with one cohort. */
  silhouette: z.number().nullable(),
  reason: z.string().nullable(),
  cohorts: z.array(
    z.object({
      cohort: z.string(),
      subjects: z.int(),
      /** Those the clustering was fitted on; the others were assigned. */
      training: z.int(),
      holdout: z.int(),
      silhouette: z.number().nullable(),
      /** What its people have in common, in words. */
      centre: z.string(),
    }),
  ),
  /** At most 2,000. */
  members: z.array(
    z.object({
      subject: z.string(),
      cohort: z.string(),
      side: z.string().nullable(),
      profile: profileSchema.nullable(),
      /** Place on the map of people, where they were compared by signals. */
      place: z.tuple([z.number(), z.number()]).nullable(),
    }),
  ),
});
export type Cohorts = z.infer<typeof cohortsSchema>;

export const distributionQuerySchema = z.object({ channel: z.string().max(200).optional(), cohort: idSchema.optional() });

const distributionSchema = z.object({
  count: z.int(),
  nulls: z.int(),
  /** Null where no value was measured. */
  mean: z.number().nullable(),
  sd: z.number().nullable(),
  /** At 1, 5, 25, 50, 75, 95 and 99 per cent; empty where no value was measured. */
  quantiles: z.array(z.number()),
  /** Ascending; bin i lies between edges i and i + 1. */
  edges: z.array(z.number()),
  /** Values in each bin. */
  counts: z.array(z.number()),
});
export type Distribution = z.infer<typeof distributionSchema>;

/** One channel, or one feature, of one cohort by class. Real values are those of training people alone: nothing else is described. */
export const distributionsSchema = z.object({
  snapshot: z.string().nullable(),
  createdAt: timeSchema.nullable(),
  /** What `channels` are: of rows that are examples already, their features. */
  by: z.enum(["channel", "feature"]),
  channels: z.array(z.string()),
  cohorts: z.array(z.string()),
  /** What is shown: as asked for, else the first. */
  channel: z.string().nullable(),
  cohort: z.string().nullable(),
  classes: z.array(z.object({ label: z.string(), real: distributionSchema, synthetic: distributionSchema.nullable() })),
});
export type Distributions = z.infer<typeof distributionsSchema>;

const scoreSchema = z.object({ accuracy: z.number(), macroF1: z.number() });

/** The newest synthesis of a project; null where there was none. */
export const synthesisSchema = z.object({
  synthesis: z
    .object({
      id: z.string(),
      snapshot: z.string(),
      createdAt: timeSchema,
      people: z.int(),
      rows: z.int(),
      windows: z.int(),
      /** Each statistic against its tolerance, those that fail first; at most 500 are listed. */
      fidelity: z.object({
        passed: z.int(),
        failed: z.int(),
        checks: z.array(
          z.object({
            statistic: z.string(),
            class: z.string(),
            /** A channel, or the two of a correlation. */
            of: z.string(),
            real: z.number(),
            synthetic: z.number(),
            tolerance: z.number(),
            pass: z.boolean(),
          }),
        ),
      }),
      /** How near synthetic windows come to those they were made of, beside how near windows of other real people come. */
      privacy: z
        .object({
          pass: z.boolean(),
          syntheticClose: z.number(),
          referenceClose: z.number(),
          syntheticMedian: z.number(),
          referenceMedian: z.number(),
          copies: z.array(z.string()),
        })
        .nullable(),
      /** What one small model learns from which, asked about real validation windows but for `realToSynthetic`. */
      transfer: z.object({ real: scoreSchema, syntheticToReal: scoreSchema, realToSynthetic: scoreSchema, both: scoreSchema }).nullable(),
      /** What was mended, shortened or left out, a sentence each; at most 50. */
      notes: z.array(z.string()),
      /** Whether synthetic windows joined a training, and why. */
      decision: z.object({ joins: z.boolean(), reason: z.string() }),
    })
    .nullable(),
});
export type Synthesis = NonNullable<z.infer<typeof synthesisSchema>["synthesis"]>;
