import { z } from "zod";
import { idSchema } from "../ids.ts";
import * as nights from "./nights.ts";
import { pageOf, pageQuerySchema } from "./page.ts";
import type { RouteSpec } from "./route-spec.ts";

const inProject = z.object({ project: idSchema });

/** Schedules, and the nights they make. */
export const nightRoutes = {
  listSchedules: {
    method: "GET",
    path: "/api/v1/schedules",
    access: "read",
    summary: "The schedules of all projects, with their next five times",
    response: z.object({ items: z.array(nights.scheduleSchema) }),
  },
  showSchedule: {
    method: "GET",
    path: "/api/v1/projects/:project/schedule",
    access: "read",
    summary: "The project's schedule, with its next five times",
    params: inProject,
    response: nights.scheduleSchema.nullable(),
  },
  previewSchedule: {
    method: "POST",
    path: "/api/v1/projects/:project/schedule/preview",
    access: "schedule.set",
    summary: "The next five times a schedule would have; nothing is saved",
    params: inProject,
    body: nights.scheduleInputSchema,
    response: nights.schedulePreviewSchema,
  },
  setSchedule: {
    method: "PUT",
    path: "/api/v1/projects/:project/schedule",
    access: "schedule.set",
    summary: "Set when the project's nights are",
    params: inProject,
    body: nights.scheduleInputSchema,
    response: nights.scheduleSchema,
  },
  pauseSchedule: {
    method: "POST",
    path: "/api/v1/projects/:project/schedule/pause",
    access: "schedule.set",
    summary: "No nights until it is resumed",
    params: inProject,
    body: nights.scheduleWhySchema,
    response: nights.scheduleSchema,
  },
  resumeSchedule: {
    method: "POST",
    path: "/api/v1/projects/:project/schedule/resume",
    access: "schedule.set",
    summary: "Nights again; of those missed at most one is made up for",
    params: inProject,
    body: nights.scheduleWhySchema,
    response: nights.scheduleSchema,
  },
  backfillSchedule: {
    method: "POST",
    path: "/api/v1/projects/:project/schedule/backfill",
    access: "schedule.set",
    summary: "The nights of a range that did not happen: shown with `dryRun`, else started",
    params: inProject,
    body: nights.backfillSchema,
    status: 202,
    response: nights.backfilledSchema,
  },
  listNights: {
    method: "GET",
    path: "/api/v1/nights",
    access: "read",
    summary: "Nights, newest first",
    query: nights.nightQuerySchema.extend(pageQuerySchema.shape),
    response: pageOf(nights.nightSchema),
  },
  askNight: {
    method: "POST",
    path: "/api/v1/projects/:project/nights",
    access: "run.start",
    summary: "Retrain now, if it is worth it; the same `id` again answers the same night",
    params: inProject,
    body: nights.askNightSchema,
    status: 202,
    response: nights.nightSchema,
  },
  cancelNight: {
    method: "POST",
    path: "/api/v1/projects/:project/nights/:night/cancel",
    access: "schedule.set",
    summary: "End a night that waits or is under way, and its run; of a backfill, the nights still to come too",
    params: inProject.extend({ night: z.string().min(1).max(120) }),
    body: nights.cancelNightSchema,
    status: 202,
    response: nights.nightSchema,
  },
} as const satisfies Record<string, RouteSpec>;
