import { z } from "zod";
import { idSchema } from "../ids.ts";
import * as features from "./features.ts";
import type { RouteSpec } from "./route-spec.ts";

const inProject = z.object({ project: idSchema });

/** The feature store. */
export const featureRoutes = {
  listFeatureSets: {
    method: "GET",
    path: "/api/v1/projects/:project/features",
    access: "read",
    summary: "Feature sets: what is in them and how fresh they are",
    params: inProject,
    response: z.object({ items: z.array(features.featureSetSchema) }),
  },
  showFeatureStatistics: {
    method: "GET",
    path: "/api/v1/projects/:project/features/:set/statistics",
    access: "read",
    summary: "Statistics of each feature of a set over the newest row of each subject",
    params: z.object({ project: idSchema, set: idSchema }),
    response: features.featureStatisticsSchema,
  },
  latestFeatures: {
    method: "GET",
    path: "/api/v1/projects/:project/subjects/:subject/features",
    access: "read",
    summary: "The newest values of a subject, for serving",
    params: z.object({ project: idSchema, subject: z.string().min(1).max(80) }),
    query: features.latestQuerySchema,
    response: features.latestSchema,
  },
  joinFeatures: {
    method: "POST",
    path: "/api/v1/projects/:project/features/join",
    access: "read",
    summary: "The values that were known of each subject at each moment, for training",
    params: inProject,
    body: features.joinSchema,
    response: features.joinedSchema,
  },
} as const satisfies Record<string, RouteSpec>;
