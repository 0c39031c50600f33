import { z } from "zod";
import { timeSchema } from "./page.ts";

export const projectSchema = z.object({
  id: z.string(),
  title: z.string(),
  specVersion: z.int(),
  specSha256: z.string(),
  appliedBy: z.string(),
  appliedAt: timeSchema,
});
export type Project = z.infer<typeof projectSchema>;

/** A project with its newest spec, as the text that was applied and as what was read from it. */
export const projectDetailSchema = projectSchema.extend({
  spec: z.object({ version: z.int(), sha256: z.string(), text: z.string(), body: z.unknown() }),
  classes: z.array(z.string()),
  files: z.int(),
  runs: z.int(),
  models: z.int(),
});
export type ProjectDetail = z.infer<typeof projectDetailSchema>;

export const applySpecSchema = z.strictObject({ text: z.string().min(1).max(512_000), name: z.string().max(200).default("spec.yaml") });
/** `changed` is false where the same spec was applied already. */
export const appliedSpecSchema = z.object({ project: projectSchema, changed: z.boolean() });
export type AppliedSpec = z.infer<typeof appliedSpecSchema>;
