import { sql } from "kysely";
import type { Service } from "../domain/api/overview.ts";
import { SensorloopError } from "../domain/errors.ts";
import type { Platform } from "../platform.ts";
import type { Serving } from "./serving.ts";

/** Someone waits in front of the page: what has not answered by now counts as away. */
const PROBE_MS = 3_000;
/** Probes of all who ask within this time are one. */
const FRESH_MS = 2_000;
const QUEUES = ["orchestration", "data", "ml"] as const;

/** Each service: is it there, since when, and what to do where it is not. */
export interface Health {
  probe(): Promise<Service[]>;
}

export function createHealth(platform: Platform, serving: Serving): Health {
  const since = new Map<string, { ok: boolean; at: Date }>();
  let last: { at: number; services: Promise<Service[]> } | undefined;

  async function check(name: Service["name"], work: () => Promise<unknown>): Promise<Service> {
    const began = performance.now();
    const error = await within(work()).then(
      () => undefined,
      (cause: unknown) =>
        cause instanceof SensorloopError ? cause : new SensorloopError(CODES[name], `${name} did not answer`, { cause }),
    );
    const before = since.get(name);
    const ok = error === undefined;
    const at = before?.ok === ok ? before.at : new Date();
    since.set(name, { ok, at });
    const latencyMs = ok ? Math.round((performance.now() - began) * 10) / 10 : null;
    return { name, ok, latencyMs, since: at.toISOString(), message: error?.message ?? null, remedy: error?.remedy ?? null };
  }

  const probeAll = () =>
    Promise.all([
      check("postgres", () => sql`select 1`.execute(platform.db)),
      check("object-store", () => platform.objects.prepare()),
      check("temporal", async () => (await platform.temporal()).workflowService.getSystemInfo({})),
      check("worker", () => needWorkers(platform)),
      check("predictor", () => needChampions(serving)),
    ]);

  return {
    probe() {
      if (!last || Date.now() - last.at > FRESH_MS) last = { at: Date.now(), services: probeAll() };
      return last.services;
    },
  };
}

const CODES = {
  postgres: "DATABASE_UNAVAILABLE",
  "object-store": "OBJECT_STORE_UNAVAILABLE",
  temporal: "TEMPORAL_UNAVAILABLE",
  worker: "SERVICE_UNOBTAINABLE",
  predictor: "ARTIFACT_CORRUPT",
} as const;

/** A worker polls each queue at least once a minute. */
async function needWorkers(platform: Platform): Promise<void> {
  const { workflowService } = await platform.temporal();
  const { namespace } = platform.config.temporal;
  const idle: string[] = [];
  for (const name of QUEUES) {
    const taskQueueType = name === "orchestration" ? 1 : 2;
    const { pollers } = await workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType });
    const newest = Math.max(0, ...(pollers ?? []).map((poller) => Number(poller.lastAccessTime?.seconds ?? 0) * 1000));
    if (Date.now() - newest > 90_000) idle.push(name);
  }
  if (idle.length > 0)
    throw new SensorloopError("SERVICE_UNOBTAINABLE", `no worker takes work from ${idle.join(", ")}; start one: sensorloop up`);
}

async function needChampions(serving: Serving): Promise<void> {
  const broken = (await serving.check()).find((slot) => slot.problem);
  if (!broken?.problem) return;
  const instead = broken.model ? `'${broken.model}' answers instead` : "nothing answers";
  throw new SensorloopError(
    "ARTIFACT_CORRUPT",
    `champion '${broken.problem.model}' of '${broken.slot}' is refused (${broken.problem.error.message}); ${instead}`,
  );
}

async function within<Result>(work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PROBE_MS} ms`)), PROBE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
