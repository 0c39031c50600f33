import { CancellationScope, ChildWorkflowCancellationType, executeChild } from "@temporalio/workflow";
import { workflowId } from "../lib/domain/ids.ts";
import { inParallel } from "./make-windows.ts";
import { retrainWorkflow } from "./retrain.ts";

export interface NightsBackfill {
  readonly project: string;
  readonly by: string;
  /** Nights under way at once; they wait for one another, so that no two train. */
  readonly parallel: number;
  /** Oldest first; at most some hundreds. */
  readonly nights: readonly { readonly night: string; readonly dueAt: string }[];
}

/** Nights that did not happen, oldest first, each on the data of its time. One that fails says so in its row and stops none. */
export async function backfillNightsWorkflow({ project, by, parallel, nights }: NightsBackfill): Promise<{ nights: number }> {
  await inParallel(
    nights.length,
    async (index) => {
      const { night, dueAt } = nights[index]!;
      try {
        await executeChild(retrainWorkflow, {
          args: [{ project, cause: "backfill", night, dueAt, by, after: nights[index - 1]?.night ?? null }],
          workflowId: workflowId.night(night),
          cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        });
      } catch (error) {
        // Another backfill has it in hand, or its workflow was ended from outside: the others go on.
        if (CancellationScope.current().consideredCancelled) throw error;
      }
    },
    parallel,
  );
  return { nights: nights.length };
}
