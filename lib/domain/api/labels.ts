import { z } from "zod";
import { idSchema } from "../ids.ts";
import { timeSchema } from "./page.ts";

/** On whose word a label stands, strongest first; `lib/domain/labels/policy.ts` decides between labels that disagree. */
export const LABEL_AUTHORITIES = ["adjudicated", "expert", "annotator", "user"] as const;
export type LabelAuthority = (typeof LABEL_AUTHORITIES)[number];

/** A stretch of a recording: [from, to) in samples on its clock, at the spec's rate. */
export const intervalSchema = z.object({
  subject: z.string().min(1).max(80),
  recording: z.string().min(1).max(400),
  from: z.int().nonnegative(),
  to: z.int().positive(),
});

/**
 * A label to be signed. The client makes the id: the same label sent twice is one label.
 * `version` is that of the task as the annotator saw it; where someone else has answered since, the answer is 409
 * LABEL_CONFLICT with the winner in `facts.winner`, and nothing is lost: the refused answer stands in the journal. Sent
 * again with the version in `facts.task`, it is a second opinion on a task that is done, and someone decides.
 */
export const addLabelSchema = z
  .strictObject({
    id: z.uuid(),
    ...intervalSchema.shape,
    class: z.string().min(1).max(80),
    task: z.uuid().optional(),
    version: z.int().min(0).optional(),
    supersedes: z.uuid().optional(),
    seconds: z.number().min(0).max(86_400).optional(),
    /** A user's word on a prediction (an app's "yes, that's what I did"), instead of an annotator's. */
    confirmation: z.boolean().default(false),
  })
  .refine(({ from, to }) => to > from, { path: ["to"], message: "must lie behind `from`" });
export type AddLabel = z.infer<typeof addLabelSchema>;

export const labelSchema = z.object({
  id: z.uuid(),
  project: z.string(),
  ...intervalSchema.shape,
  rateHz: z.number(),
  /** Null takes back the label it supersedes. */
  class: z.string().nullable(),
  authority: z.enum(LABEL_AUTHORITIES),
  by: z.string(),
  task: z.uuid().nullable(),
  supersedes: z.uuid().nullable(),
  seconds: z.number().nullable(),
  at: timeSchema,
  /** Whether nothing has superseded it. */
  stands: z.boolean(),
});
export type Label = z.infer<typeof labelSchema>;

export const labelQuerySchema = z.object({
  subject: z.string().max(80).optional(),
  recording: z.string().max(400).optional(),
  class: z.string().max(80).optional(),
  by: idSchema.optional(),
  task: z.uuid().optional(),
  /** Only those that nothing has superseded. */
  standing: z.stringbool().optional(),
});

/** What an answer leads to: the task is done, wants more answers, or goes to a person who decides. */
export const addedLabelSchema = z.object({
  label: labelSchema,
  task: z.object({ id: z.uuid(), state: z.string(), version: z.int(), outcome: z.string().nullable() }).nullable(),
});
export type AddedLabel = z.infer<typeof addedLabelSchema>;

export const LABEL_FORMATS = ["csv", "json", "label-studio"] as const;
export type LabelFormat = (typeof LABEL_FORMATS)[number];
/** Characters of one document of labels, in or out. */
export const MOST_LABEL_TEXT = 32_000_000;
export const importLabelsSchema = z.strictObject({ format: z.enum(LABEL_FORMATS), text: z.string().min(1).max(MOST_LABEL_TEXT) });
export const importedLabelsSchema = z.object({
  added: z.int(),
  /** Corrections: under the id of a label that is here, the file says otherwise. A new label has superseded it. */
  changed: z.int(),
  /** There already, by id or by content. */
  known: z.int(),
  refused: z.array(z.object({ line: z.int().nullable(), code: z.string(), message: z.string() })),
});
export type ImportedLabels = z.infer<typeof importedLabelsSchema>;
export const exportedLabelsSchema = z.object({ format: z.enum(LABEL_FORMATS), name: z.string(), text: z.string(), labels: z.int() });
export type ExportedLabels = z.infer<typeof exportedLabelsSchema>;

const agreementFigure = z.object({
  /** Krippendorff's alpha, nominal; null where too few items have two answers. */
  alpha: z.number().nullable(),
  items: z.int(),
});
export const agreementSchema = z.object({
  overall: agreementFigure,
  perClass: z.array(agreementFigure.extend({ label: z.string() })),
  /** Cohen's kappa of each pair of annotators over the windows both answered. */
  pairs: z.array(
    z.object({
      ...{ a: z.string(), b: z.string(), kappa: z.number().nullable(), items: z.int() },
      /** Of each class against all others, over the same windows; `items` are those that one of the two took for it. */
      perClass: z.array(z.object({ label: z.string(), kappa: z.number().nullable(), items: z.int() })),
    }),
  ),
  annotators: z.array(
    z.object({
      account: z.string(),
      labels: z.int(),
      medianSeconds: z.number().nullable(),
      /** Share of answers that became the task's outcome, and of gold samples answered right. */
      agreement: z.number().nullable(),
      gold: z.number().nullable(),
      goldItems: z.int(),
    }),
  ),
  /** Classes that are taken for each other most: how often annotators disagreed in this way. */
  confusions: z.array(z.object({ a: z.string(), b: z.string(), count: z.int() })),
});
export type Agreement = z.infer<typeof agreementSchema>;
