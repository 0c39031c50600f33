export { trainingPipelineWorkflow, quarantineReplayWorkflow } from "./training-pipeline.ts";
