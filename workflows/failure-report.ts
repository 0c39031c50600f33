import { ActivityFailure, ChildWorkflowFailure, isCancellation } from "@temporalio/workflow";
import { ApplicationFailure } from "@temporalio/common";

/** What the catalogue said of a failure, as far as it came from an activity, of this workflow or of a child. */
export function reportOf(error: unknown): { code: string; message: string; facts: unknown } {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  const failure = cause instanceof ActivityFailure ? cause.cause : cause;
  if (failure instanceof ApplicationFailure)
    return { code: failure.type ?? "INTERNAL", message: failure.message, facts: failure.details?.[0] ?? {} };
  return {
    code: isCancellation(error) ? "CANCELLED" : "INTERNAL",
    message: error instanceof Error ? error.message : String(error),
    facts: {},
  };
}
