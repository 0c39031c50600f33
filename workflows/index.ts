export { trainingPipelineWorkflow, quarantineReplayWorkflow } from "./training-pipeline.ts";
export { evolutionWorkflow } from "./evolution.ts";
export { annotationWorkflow } from "./annotation.ts";
export { retrainWorkflow } from "./retrain.ts";
export { backfillNightsWorkflow } from "./backfill-nights.ts";
