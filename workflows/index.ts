export { trainingPipelineWorkflow, quarantineReplayWorkflow } from "./training-pipeline.ts";
export { evolutionWorkflow } from "./evolution.ts";
