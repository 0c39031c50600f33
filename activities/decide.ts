import { readFile } from "node:fs/promises";
import { sql, type Transaction } from "kysely";
import { artifactSchema } from "../lib/domain/artifact.ts";
import { cutKey, cutOf } from "../lib/domain/cut.ts";
import { decide as judge, type Evaluated } from "../lib/domain/gate.ts";
import { decodeOutcomes } from "../lib/domain/outcomes.ts";
import type { Cut, SearchContext, Verdict } from "../lib/domain/stages.ts";
import type { Platform } from "../lib/platform.ts";
import type { Database } from "../lib/store/database.ts";
import { append } from "../lib/store/journal.ts";
import { refOf } from "./object-of.ts";
import { specOf } from "./spec-of.ts";
import { beginStage, endStage, logRun } from "./stage-record.ts";

export function createDecideActivities(platform: Platform) {
  const { db, objects } = platform;

  /** Who serves the slot now, and the spec it was made under, so that it can be asked the same questions. */
  async function currentChampion(context: SearchContext): Promise<{ model: string; specVersion: number; cut: Cut | null } | null> {
    const row = await db
      .selectFrom("champion")
      .innerJoin("model", "model.id", "champion.model")
      .innerJoin("run", "run.id", "model.run")
      .select(["model.id as model", "model.genome as genome", "run.spec_version as specVersion"])
      .where("champion.slot", "=", context.slot)
      .executeTakeFirst();
    return row ? { model: row.model, specVersion: row.specVersion, cut: cutOf(row.genome) ?? null } : null;
  }

  /** The gate. Its verdict is kept with both sides and the reason; in `manual` mode a person has the last word. */
  async function decide(
    context: SearchContext & { candidate: string; champion: string | null },
  ): Promise<Verdict & { needsApproval: boolean }> {
    const { run, slot, candidate, champion, snapshot } = context;
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
        .where(sql`payload ->> 'slot'`, "=", slot)
        .executeTakeFirst();
      if (!told) {
        const { promoted, rule, reason } = verdict;
        await append(tx, {
          kind: "gate.judged",
          actor: `run/${run}`,
          project: context.project,
          payload: { run, slot, candidate, champion, promoted, rule, why: reason },
        });
      }
      await tx
        .updateTable("run")
        .set({ state: needsApproval ? "waiting" : "running", candidate, champion, decision: JSON.stringify(verdict) })
        .where("id", "=", run)
        .execute();
      await noteSlot(tx, context, verdict, needsApproval ? "deciding" : "done");
      if (needsApproval) await logRun(tx, run, "decide", `${verdict.reason} It waits for a person's approval.`);
      else await endStage(tx, run, "decide", { state: "done", reason: verdict.reason, detail: { ...verdict } });
    });
    return { ...verdict, needsApproval };
  }

  async function recordApproval(
    context: SearchContext & { verdict: Verdict; approval: { approve: boolean; by: string; why: string } },
  ): Promise<Verdict & { needsApproval: boolean }> {
    const { run, slot, verdict, approval } = context;
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
        .where(sql`payload ->> 'slot'`, "=", slot)
        .executeTakeFirst();
      if (!told) await append(tx, { kind: "gate.decided", actor: by, project: context.project, payload: { run, slot, approve, why } });
      await tx
        .updateTable("run")
        .set({ state: "running", decision: JSON.stringify(decided) })
        .where("id", "=", run)
        .execute();
      await noteSlot(tx, context, decided, "done");
      await endStage(tx, run, "decide", { state: "done", reason: decided.reason, detail: { ...decided } });
    });
    return { ...decided, needsApproval: false };
  }

  async function evaluated(model: string, snapshot: string): Promise<Evaluated> {
    const row = await db
      .selectFrom("evaluation")
      .innerJoin("model", "model.id", "evaluation.model")
      .innerJoin("run", "run.id", "model.run")
      .select(["evaluation.holdout_sha256", "evaluation.metrics", "evaluation.outcomes", "model.artifact", "model.genome"])
      .select(["model.project", "run.spec_version as specVersion"])
      .where("evaluation.model", "=", model)
      .where("evaluation.snapshot", "=", snapshot)
      .where("evaluation.split", "=", "holdout")
      .executeTakeFirstOrThrow();
    const outcomes = decodeOutcomes(await bytesOf(row.outcomes));
    const { classes } = artifactSchema.parse(JSON.parse((await bytesOf(row.artifact)).toString("utf8")));
    const cut = cutKey(await specOf(db, row), row.genome);
    return { model, classes, holdoutSha256: row.holdout_sha256, cut, metrics: row.metrics, outcomes };
  }

  async function bytesOf(key: string | null): Promise<Buffer> {
    return readFile(await objects.fetch(await refOf(db, key ?? "")));
  }

  return { currentChampion, decide, recordApproval };
}

async function noteSlot(
  tx: Transaction<Database>,
  { run, slot }: SearchContext,
  verdict: Verdict,
  state: "deciding" | "done",
): Promise<void> {
  const { candidate, champion, reason } = verdict;
  await tx
    .updateTable("run_slot")
    .set({ state, candidate, champion, decision: JSON.stringify(verdict), reason })
    .where("run", "=", run)
    .where("slot", "=", slot)
    .execute();
}
