import { proxyActivities } from "@temporalio/workflow";
import type { Activities } from "../../activities/index.ts";
import type { RunContext } from "../../lib/domain/stages.ts";
import { bulk, record } from "../../workflows/presets.ts";

const runs = proxyActivities<Activities["runs"]>(record);
const data = proxyActivities<Activities["data"]>(bulk);

/** The pipeline with its first two steps exchanged: what a careless deploy would do to runs that are under way. */
export async function trainingPipelineWorkflow(context: RunContext): Promise<void> {
  await data.stageUploads(context);
  await runs.openRun(context);
}
