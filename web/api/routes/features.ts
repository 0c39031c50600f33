import { featureStatistics, joinFeatures, latestFeatures, listFeatureSets } from "../../../lib/app/features.ts";
import type { Handlers, Services } from "../handlers.ts";

type Names = "listFeatureSets" | "showFeatureStatistics" | "latestFeatures" | "joinFeatures";

export function featureHandlers({ platform }: Services): Handlers<Names> {
  return {
    listFeatureSets: async ({ params }) => ({ items: await listFeatureSets(platform, params.project) }),
    showFeatureStatistics: ({ params }) => featureStatistics(platform, params.project, params.set),
    latestFeatures: ({ params, query: { sets, at } }) =>
      latestFeatures(platform, params.project, params.subject, { sets: sets?.split(","), at }),
    joinFeatures: ({ params, body }) => joinFeatures(platform, params.project, body),
  };
}
