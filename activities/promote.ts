import type { RunContext, Verdict } from "../lib/domain/stages.ts";
import type { Platform } from "../lib/platform.ts";
import { promote as makeChampion } from "../lib/store/promotion.ts";
import { beginStage, endStage } from "./stage-record.ts";

export function createPromoteActivities({ db }: Platform) {
  /** Makes the candidate champion, unless someone changed the champion since the gate looked: then this run's verdict is void. */
  async function promote(context: RunContext & { verdict: Verdict }): Promise<void> {
    const { run, project, verdict } = context;
    await beginStage(db, run, "promote");
    if (!verdict.promoted) return endStage(db, run, "promote", { state: "skipped", reason: verdict.reason });
    await db.transaction().execute(async (tx) => {
      const { slot } = await tx.selectFrom("model").select("slot").where("id", "=", verdict.candidate).executeTakeFirstOrThrow();
      await makeChampion(tx, {
        project,
        slot,
        model: verdict.candidate,
        expected: verdict.champion,
        actor: `run/${run}`,
        why: verdict.reason,
      });
      await endStage(tx, run, "promote", { state: "done", detail: { slot, model: verdict.candidate, previous: verdict.champion } });
    });
  }

  return { promote };
}
