import { CancellationScope, CancelledFailure, ChildWorkflowCancellationType, executeChild } from "@temporalio/workflow";
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

/**
 * Nights that did not happen, oldest first, each on the data of its time. One that fails says so in its row and stops none.
 * Cancelled, it ends when the nights under way have: an end of its own would take them along before they have said theirs.
 */
export async function backfillNightsWorkflow({ project, by, parallel, nights }: NightsBackfill): Promise<{ nights: number }> {
  await inParallel(
    nights.length,
    async (index) => {
      if (CancellationScope.current().consideredCancelled) return;
      const { night, dueAt } = nights[index]!;
      try {
        await executeChild(retrainWorkflow, {
          args: [{ project, cause: "backfill", night, dueAt, by, after: nights[index - 1]?.night ?? null }],
          workflowId: workflowId.night(night),
          cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        });
      } catch {
        // Another backfill has it in hand, its workflow was ended from outside, or all are cancelled: the others go on to their end.
      }
    },
    parallel,
  );
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure("the backfill was cancelled");
  return { nights: nights.length };
}
