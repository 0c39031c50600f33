import { ApplicationFailure, CancelledFailure, Context } from "@temporalio/activity";
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, ActivityInterceptorsFactory, Next } from "@temporalio/worker";
import pg from "pg";
import { SensorloopError } from "../lib/domain/errors.ts";
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

export function toFailure(error: unknown): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  const known = error instanceof SensorloopError ? error : fromDatabase(error);
  return ApplicationFailure.create({ message: known.message, type: known.code, nonRetryable: !known.retryable, details: [known.facts], cause: error as Error });
}

/** Lost connections, shutdowns and full disks of Postgres say so by class of SQLSTATE; they pass, so they are retried. */
function fromDatabase(error: unknown): SensorloopError {
  const code = (error as { code?: string }).code ?? "";
  if (/^(08|57P|ECONN|EPIPE|ETIMEDOUT)/.test(code) || /Connection terminated|timeout exceeded when trying to connect/.test(String((error as Error)?.message))) {
    return new SensorloopError("DATABASE_UNAVAILABLE", "Postgres went away in the middle", { cause: error });
  }
  if (code === "53100" || code === "ENOSPC") return new SensorloopError("STORAGE_FULL", "a volume is full", { cause: error });
  if (error instanceof pg.DatabaseError && code.startsWith("28")) {
    return new SensorloopError("CREDENTIALS_REFUSED", "Postgres refused its credentials", { cause: error, facts: { credential: "database" } });
  }
  return new SensorloopError("INTERNAL", error instanceof Error ? error.message : String(error), { cause: error });
}
