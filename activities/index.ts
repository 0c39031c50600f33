import type { Platform } from "../lib/platform.ts";
import { createAnnotationActivities } from "./annotation.ts";
import { createChooseTasksActivities } from "./choose-tasks.ts";
import { createCleanActivities } from "./clean.ts";
import { createDecideActivities } from "./decide.ts";
import { createEvaluateActivities } from "./evaluate.ts";
import { createFeatureActivities } from "./features.ts";
import { createGainActivities } from "./gain.ts";
import { createNightActivities } from "./nights.ts";
import { createPromoteActivities } from "./promote.ts";
import { createRunActivities } from "./run.ts";
import { createScoreActivities } from "./score.ts";
import { createSnapshotActivities } from "./snapshot.ts";
import { createStageActivities } from "./stage.ts";
import { createClusterActivities } from "./cluster.ts";
import { createCombineActivities } from "./combine.ts";
import { createDescribeActivities } from "./describe.ts";
import { createSearchActivities } from "./search.ts";
import { createSynthesiseActivities } from "./synthesise.ts";
import { createTrainActivities } from "./train.ts";
import { createWindowActivities } from "./window.ts";

/** All activities by the queue that carries them: short records, moving of bytes, training. */
export function createActivities(platform: Platform) {
  const nights = createNightActivities(platform);
  return {
    runs: {
      ...createRunActivities(platform),
      ...createSearchActivities(platform),
      ...createDecideActivities(platform),
      ...createPromoteActivities(platform),
      ...nights.runs,
      ...createAnnotationActivities(platform),
    },
    data: {
      ...createStageActivities(platform),
      ...createCleanActivities(platform),
      ...createSnapshotActivities(platform),
      ...createWindowActivities(platform),
      ...createClusterActivities(platform),
      ...createDescribeActivities(platform),
      ...nights.data,
      ...createFeatureActivities(platform),
    },
    models: {
      ...createSynthesiseActivities(platform),
      ...createTrainActivities(platform),
      ...createCombineActivities(platform),
      ...createEvaluateActivities(platform),
      ...createScoreActivities(platform),
      ...createGainActivities(platform),
      ...createChooseTasksActivities(platform),
    },
  };
}

export type Activities = ReturnType<typeof createActivities>;
