import { z } from "zod";
import { idSchema } from "../ids.ts";
import { estimateSchema } from "../metrics-schema.ts";
import { dataCountsSchema } from "./data.ts";
import { championSchema } from "./models.ts";
import { nightSchema } from "./nights.ts";
import { timeSchema } from "./page.ts";
import { projectSchema } from "./projects.ts";
import { runSummarySchema } from "./runs.ts";

/** Stations of the loop's map, in order. */
export const STATIONS = ["ingest", "clean", "snapshot", "train", "evaluate", "promote", "predict", "annotate", "retrain"] as const;

export const stationSchema = z.object({
  name: z.enum(STATIONS),
  /** How many stand there: files, rows, models, predictions; see `unit`. */
  count: z.int(),
  unit: z.string(),
  /** When something last passed; null: never. */
  at: timeSchema.nullable(),
  state: z.enum(["idle", "running", "done", "attention", "planned"]),
  /** What to look at, in a sentence; null when nothing is wrong. */
  note: z.string().nullable(),
});
export type Station = z.infer<typeof stationSchema>;

export const overviewQuerySchema = z.object({ project: idSchema.optional() });

/** The Overview page of one project. */
export const overviewSchema = z.object({
  project: projectSchema,
  stations: z.array(stationSchema),
  active: z.array(runSummarySchema),
  last: runSummarySchema.nullable(),
  champions: z.array(championSchema),
  /** Each finished run's candidate, oldest first. */
  trend: z.array(
    z.object({
      run: z.string(),
      at: timeSchema,
      model: z.string(),
      accuracy: estimateSchema.nullable(),
      macroF1: estimateSchema.nullable(),
      promoted: z.boolean(),
    }),
  ),
  counts: dataCountsSchema,
  /** What waits for people; null where the spec has no `annotation`. */
  annotation: z
    .object({
      open: z.int(),
      adjudicate: z.int(),
      escalated: z.int(),
      oldestAt: timeSchema.nullable(),
      /** Labels that no training has seen, and at how many one is asked for (null: only by the clock). */
      labels: z.int(),
      atLabels: z.int().nullable(),
      /** What labels of the last retraining that measured it bought, in points of its metric a hundred labels. */
      gainPerHundred: z.number().nullable(),
    })
    .nullable(),
  nights: z.object({ last: nightSchema.nullable(), nextAt: timeSchema.nullable(), paused: z.boolean() }),
});
export type Overview = z.infer<typeof overviewSchema>;
/** All projects the asker may read, or the one named. */
export const overviewsSchema = z.object({ projects: z.array(overviewSchema) });

export const serviceSchema = z.object({
  name: z.enum(["postgres", "object-store", "temporal", "worker", "predictor"]),
  ok: z.boolean(),
  latencyMs: z.number().nullable(),
  /** Since when it has been as it is, as far as this process has seen. */
  since: timeSchema,
  message: z.string().nullable(),
  remedy: z.string().nullable(),
});
export type Service = z.infer<typeof serviceSchema>;
export const servicesSchema = z.object({ ok: z.boolean(), services: z.array(serviceSchema) });
export type Services = z.infer<typeof servicesSchema>;
