import { readFile } from "node:fs/promises";
import { artifactSchema } from "../lib/domain/artifact.ts";
import { decide as judge, type Evaluated } from "../lib/domain/gate.ts";
import { slotId } from "../lib/domain/ids.ts";
import { decodeOutcomes } from "../lib/domain/outcomes.ts";
import { sensorsOf } from "../lib/domain/spec.ts";
import type { RunContext, Verdict } from "../lib/domain/stages.ts";
import type { Platform } from "../lib/platform.ts";
import { append } from "../lib/store/journal.ts";
import { refOf } from "./object-of.ts";
import { specOf } from "./spec-of.ts";
import { beginStage, endStage, logRun } from "./stage-record.ts";

export function createDecideActivities(platform: Platform) {
  const { db, objects } = platform;

  /** Who serves the slot now, and the spec it was made under, so that it can be asked the same questions. */
  async function currentChampion(context: RunContext): Promise<{ model: string; specVersion: number } | null> {
    const spec = await specOf(db, context);
    const row = await db
      .selectFrom("champion")
      .innerJoin("model", "model.id", "champion.model")
      .innerJoin("run", "run.id", "model.run")
      .select(["model.id as model", "run.spec_version as specVersion"])
      .where("champion.slot", "=", slotId(context.project, "all", sensorsOf(spec)))
      .executeTakeFirst();
    return row ?? null;
  }

  /** The gate. Its verdict is kept with both sides and the reason; in `manual` mode a person has the last word. */
  async function decide(
    context: RunContext & { candidate: string; champion: string | null; snapshot: string },
  ): Promise<Verdict & { needsApproval: boolean }> {
    const { run, candidate, champion, snapshot } = context;
    await beginStage(db, run, "decide");
    const spec = await specOf(db, context);
    const verdict = judge({
      candidate: await evaluated(candidate, snapshot),
      champion: champion ? await evaluated(champion, snapshot) : null,
      gate: spec.gate,
    });
    const needsApproval = spec.gate.mode === "manual" && verdict.promoted;
    await db.transaction().execute(async (tx) => {
      const told = await tx
        .selectFrom("journal")
        .select("id")
        .where("kind", "=", "gate.judged")
        .where("subject", "=", run)
        .executeTakeFirst();
      if (!told) {
        const { promoted, rule, reason } = verdict;
        await append(tx, {
          kind: "gate.judged",
          actor: `run/${run}`,
          project: context.project,
          payload: { run, candidate, champion, promoted, rule, why: reason },
        });
      }
      await tx
        .updateTable("run")
        .set({ state: needsApproval ? "waiting" : "running", candidate, champion, decision: JSON.stringify(verdict) })
        .where("id", "=", run)
        .execute();
      if (needsApproval) await logRun(tx, run, "decide", `${verdict.reason} It waits for a person's approval.`);
      else await endStage(tx, run, "decide", { state: "done", reason: verdict.reason, detail: { ...verdict } });
    });
    return { ...verdict, needsApproval };
  }

  async function recordApproval(
    context: RunContext & { verdict: Verdict; approval: { approve: boolean; by: string; why: string } },
  ): Promise<Verdict & { needsApproval: boolean }> {
    const { run, verdict, approval } = context;
    const { approve, by, why } = approval;
    const decided: Verdict = {
      ...verdict,
      promoted: approve,
      rule: approve ? "approved" : "rejected",
      reason: `${by} ${approve ? "approved" : "rejected"} it: ${why || "no reason given"}. The gate had said: ${verdict.reason}`,
    };
    await db.transaction().execute(async (tx) => {
      const told = await tx
        .selectFrom("journal")
        .select("id")
        .where("kind", "=", "gate.decided")
        .where("subject", "=", run)
        .executeTakeFirst();
      if (!told) await append(tx, { kind: "gate.decided", actor: by, project: context.project, payload: { run, approve, why } });
      await tx
        .updateTable("run")
        .set({ state: "running", decision: JSON.stringify(decided) })
        .where("id", "=", run)
        .execute();
      await endStage(tx, run, "decide", { state: "done", reason: decided.reason, detail: { ...decided } });
    });
    return { ...decided, needsApproval: false };
  }

  async function evaluated(model: string, snapshot: string): Promise<Evaluated> {
    const row = await db
      .selectFrom("evaluation")
      .innerJoin("model", "model.id", "evaluation.model")
      .select(["evaluation.holdout_sha256", "evaluation.metrics", "evaluation.outcomes", "model.artifact"])
      .where("evaluation.model", "=", model)
      .where("evaluation.snapshot", "=", snapshot)
      .where("evaluation.split", "=", "holdout")
      .executeTakeFirstOrThrow();
    const outcomes = decodeOutcomes(await bytesOf(row.outcomes));
    const { classes } = artifactSchema.parse(JSON.parse((await bytesOf(row.artifact)).toString("utf8")));
    return { model, classes, holdoutSha256: row.holdout_sha256, metrics: row.metrics, outcomes };
  }

  async function bytesOf(key: string | null): Promise<Buffer> {
    return readFile(await objects.fetch(await refOf(db, key ?? "")));
  }

  return { currentChampion, decide, recordApproval };
}
