import { z } from "zod";
import { idSchema } from "../ids.ts";

/** The Postgres channel on which writers say that something changed. */
export const EVENT_CHANNEL = "sensorloop";

/** What writers NOTIFY, and what the browser is sent as event `change`: something of this kind is new; read it again. */
export const changeSchema = z.object({
  project: z.string().nullable().default(null),
  run: z.string().nullable().default(null),
  /** `run` when a run, its stages or its log changed; a decision's own kind (`model.promoted`, ...) when it was journalled. */
  kind: z.string().max(40),
});
export type Change = z.infer<typeof changeSchema>;

/**
 * `GET /api/v1/events`: event `snapshot` first (with `run`: its RunDetail; else `{ active: RunSummary[] }`), then
 * `change` for each Change, at most five a second of the same run and kind. A comment every 15 s keeps the line open.
 */
export const eventQuerySchema = z.object({ run: idSchema.optional(), project: idSchema.optional() });
