import { ApplicationFailure, CancelledFailure, Context } from "@temporalio/activity";
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, ActivityInterceptorsFactory, Next } from "@temporalio/worker";
import { SensorloopError } from "../lib/domain/errors.ts";
import { knownFailure } from "../lib/store/failures.ts";
import type { Fence } from "../lib/store/fence.ts";

/** Often enough that cancellation arrives within seconds; the server throttles what is more than it needs. */
const BEAT_MS = 2_000;

/** This attempt's claim on whatever its activity publishes: a later attempt holds a higher token. */
export function currentFence(): Fence {
  const { workflowExecution, activityId, attempt } = Context.current().info;
  return { scope: `${workflowExecution?.runId}/${activityId}`, token: attempt };
}

export function currentSignal(): AbortSignal {
  return Context.current().cancellationSignal;
}

/** Beats while any activity works, and turns errors of the catalogue into failures that Temporal can judge. */
export const attemptInterceptor: ActivityInterceptorsFactory = (context) => ({ inbound: new AttemptInterceptor(context) });

class AttemptInterceptor implements ActivityInboundCallsInterceptor {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, "execute">): Promise<unknown> {
    const beat = setInterval(() => this.#context.heartbeat(), BEAT_MS);
    try {
      return await next(input);
    } catch (error) {
      throw this.#context.cancellationSignal.aborted ? new CancelledFailure("cancelled") : toFailure(error);
    } finally {
      clearInterval(beat);
    }
  }
}

function toFailure(error: unknown): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  const internal = () => new SensorloopError("INTERNAL", error instanceof Error ? error.message : String(error), { cause: error });
  const { message, code, retryable, facts } = knownFailure(error) ?? internal();
  return ApplicationFailure.create({ message, type: code, nonRetryable: !retryable, details: [facts], cause: error as Error });
}
