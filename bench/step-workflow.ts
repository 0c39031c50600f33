import { proxyActivities } from "@temporalio/workflow";
import type { StepActivities } from "./pipeline-step.ts";

const { emptyStep } = proxyActivities<StepActivities>({ startToCloseTimeout: "1m" });

/** A pipeline of nothing: `steps` activities, one after the other. Returns how many have run. */
export async function emptyPipelineWorkflow({ steps }: { readonly steps: number }): Promise<number> {
  let done = 0;
  while (done < steps) done = (await emptyStep({ done })).done;
  return done;
}
