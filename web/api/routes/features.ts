import { SensorloopError } from "../../../lib/domain/errors.ts";
import type { Handlers, Services } from "../handlers.ts";

type Names = "listFeatureSets" | "showFeatureStatistics" | "latestFeatures" | "joinFeatures";

const soon = () => Promise.reject(new SensorloopError("INTERNAL", "not built yet"));

export function featureHandlers(_services: Services): Handlers<Names> {
  return {
    listFeatureSets: soon,
    showFeatureStatistics: soon,
    latestFeatures: soon,
    joinFeatures: soon,
  };
}
