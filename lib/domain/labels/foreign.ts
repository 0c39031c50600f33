import { z } from "zod";
import { LABEL_AUTHORITIES, intervalSchema, type ImportedLabels } from "../api/labels.ts";
import type { ErrorCode } from "../errors.ts";

/** What Postgres can hold: no NUL, no half of a surrogate pair. */
const text = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine((value) => value.isWellFormed() && !value.includes("\0"), "holds a character that is none");

/**
 * A label as a file says it, well formed and not yet looked up. Subject and recording may be ids or the names that files
 * use; `by` and `authority` say whose word it was elsewhere.
 */
const foreignLabelSchema = z
  .object({
    ...intervalSchema.shape,
    ...{ subject: text(80), recording: text(400), class: text(80) },
    id: z.uuid().optional(),
    rateHz: z.number().positive().max(100_000).optional(),
    authority: z.enum(LABEL_AUTHORITIES).default("annotator"),
    by: text(80).optional(),
  })
  .refine(({ from, to }) => to > from, { path: ["to"], message: "must lie behind `from`" });

export interface ForeignLabel extends z.infer<typeof foreignLabelSchema> {
  /** Line of the file; null where the format has none that a person would count. */
  readonly line: number | null;
  /** What comes before a message about it: where it is in a file without lines. */
  readonly where: string;
}
export type RefusedLabel = ImportedLabels["refused"][number];

/** What a file holds: labels, and what is none, with the reason. */
export interface ForeignLabels {
  readonly labels: ForeignLabel[];
  readonly refused: RefusedLabel[];
}

export function refusal({ line, where }: Pick<ForeignLabel, "line" | "where">, code: ErrorCode, message: string): RefusedLabel {
  return { line, code, message: where + message };
}

/** Takes one label of a file in, or notes what is wrong with it. */
export function takeForeign(into: ForeignLabels, value: unknown, place: Pick<ForeignLabel, "line" | "where">): void {
  const parsed = foreignLabelSchema.safeParse(value);
  if (parsed.success) return void into.labels.push({ ...parsed.data, ...place });
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  into.refused.push(refusal(place, "REQUEST_INVALID", problems.join("; ")));
}
