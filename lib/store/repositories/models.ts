import { sql, type Selectable } from "kysely";
import { z } from "zod";
import type { Champion, Evaluation, ModelDetail, ModelSummary } from "../../domain/api/models.ts";
import type { Page, PageQuery } from "../../domain/api/page.ts";
import type { Estimate } from "../../domain/metrics-schema.ts";
import type { ObjectRef } from "../../domain/object-ref.ts";
import type { Database } from "../database.ts";
import { decodeCursor, instantText, toPage } from "../keyset.ts";
import { iso, reportOf, type Db } from "./rows.ts";

type ModelRow = Selectable<Database["model"]>;
type SummaryRow = Pick<ModelRow, "id" | "project" | "slot" | "run" | "snapshot" | "family" | "state" | "fitted_on" | "created_at"> & {
  at_text: string;
  champion: boolean;
  accuracy: Estimate | null;
  macro_f1: Estimate | null;
};

const SUMMARY = sql`
  model.id, model.project, model.slot, model.run, model.snapshot, model.family, model.state, model.fitted_on, model.created_at, model.created_at::text as at_text,
  exists (select from champion where champion.model = model.id and champion.slot = model.slot) as champion,
  holdout.metrics -> 'accuracy' as accuracy, holdout.metrics -> 'macroF1' as macro_f1`;
const FROM = sql`from model left join evaluation holdout on holdout.model = model.id and holdout.snapshot = model.snapshot and holdout.split = 'holdout'`;

/** Models, newest first. */
export async function listModels(
  db: Db,
  project: string,
  { slot, run, limit, after }: PageQuery & { slot?: string; run?: string },
): Promise<Page<ModelSummary>> {
  const from = decodeCursor(after, z.tuple([instantText, z.string().max(80)]));
  const { rows } = await sql<SummaryRow>`
    select ${SUMMARY} ${FROM}
    where model.project = ${project}
      and ${slot === undefined ? sql`true` : sql`model.slot = ${slot}`}
      and ${run === undefined ? sql`true` : sql`model.run = ${run}`}
      and ${from ? sql`(model.created_at, model.id) < (${from[0]}::timestamptz, ${from[1]})` : sql`true`}
    order by model.created_at desc, model.id desc
    limit ${limit + 1}`.execute(db);
  return toPage(rows, limit, summaryOf, (row) => [row.at_text, row.id]);
}

export async function findModelSummary(db: Db, id: string): Promise<ModelSummary | undefined> {
  const { rows } = await sql<SummaryRow>`select ${SUMMARY} ${FROM} where model.id = ${id}`.execute(db);
  return rows[0] && summaryOf(rows[0]);
}

/** A model without its history as champion, which the journal knows. */
export async function findModel(db: Db, id: string): Promise<Omit<ModelDetail, "reigns"> | undefined> {
  const summary = await findModelSummary(db, id);
  if (!summary) return undefined;
  const row = await db
    .selectFrom("model")
    .leftJoin("run", "run.id", "model.run")
    .leftJoin("object as artifact", "artifact.key", "model.artifact")
    .leftJoin("object as weights", "weights.key", "model.weights")
    .select([
      "model.window_set",
      "model.genome",
      "model.epoch",
      "model.training",
      "model.validation",
      "model.curve",
      "model.error",
      "run.spec_version",
    ])
    .select([
      "artifact.sha256 as artifact_sha256",
      "weights.sha256 as weights_sha256",
      "artifact.bytes as artifact_bytes",
      "weights.bytes as weights_bytes",
    ])
    .where("model.id", "=", id)
    .executeTakeFirstOrThrow();
  return {
    ...summary,
    windowSet: row.window_set,
    specVersion: row.spec_version,
    genome: row.genome,
    epoch: row.epoch,
    training: row.training,
    validation: row.validation,
    curve: row.curve,
    artifactSha256: row.artifact_sha256,
    weightsSha256: row.weights_sha256,
    bytes: row.artifact_bytes === null || row.weights_bytes === null ? null : row.artifact_bytes + row.weights_bytes,
    error: reportOf(row.error),
    evaluations: await listEvaluations(db, id),
  };
}

async function listEvaluations(db: Db, model: string): Promise<Evaluation[]> {
  const rows = await db.selectFrom("evaluation").selectAll().where("model", "=", model).orderBy("created_at", "desc").limit(100).execute();
  return rows.map((row) => ({
    snapshot: row.snapshot,
    split: row.split,
    holdoutSha256: row.holdout_sha256,
    metrics: row.metrics,
    latencyUs: row.latency_us,
    bytes: row.bytes,
    createdAt: iso(row.created_at),
  }));
}

/** References of a trained model's bytes: its JSON and its weights. */
export async function findModelObjects(db: Db, id: string): Promise<{ artifact: ObjectRef; weights: ObjectRef } | undefined> {
  const row = await db
    .selectFrom("model")
    .innerJoin("object as artifact", "artifact.key", "model.artifact")
    .innerJoin("object as weights", "weights.key", "model.weights")
    .select(["artifact.key as a_key", "artifact.sha256 as a_sha256", "artifact.bytes as a_bytes"])
    .select(["weights.key as w_key", "weights.sha256 as w_sha256", "weights.bytes as w_bytes"])
    .where("model.id", "=", id)
    .executeTakeFirst();
  return (
    row && {
      artifact: { key: row.a_key, sha256: row.a_sha256, bytes: row.a_bytes },
      weights: { key: row.w_key, sha256: row.w_sha256, bytes: row.w_bytes },
    }
  );
}

/** The champions that serve now, with how each did on its holdout. */
export async function listChampions(db: Db, project: string, slot?: string): Promise<Champion[]> {
  const { rows } = await sql<Omit<Champion, "since"> & { since: Date }>`
    select champion.project, champion.slot, champion.model, champion.since, journal.actor as by, coalesce(journal.payload ->> 'why', '') as why,
           (holdout.metrics -> 'accuracy' ->> 'value')::float8 as accuracy, (holdout.metrics -> 'macroF1' ->> 'value')::float8 as "macroF1"
    from champion join journal on journal.id = champion.journal_id join model on model.id = champion.model
    left join evaluation holdout on holdout.model = model.id and holdout.snapshot = model.snapshot and holdout.split = 'holdout'
    where champion.project = ${project} and ${slot === undefined ? sql`true` : sql`champion.slot = ${slot}`}
    order by champion.slot`.execute(db);
  return rows.map((row) => ({ ...row, since: iso(row.since) }));
}

/** Every slot of a project that ever had a champion. */
export async function listSlots(db: Db, project: string): Promise<string[]> {
  const rows = await db.selectFrom("champion").select("slot").where("project", "=", project).orderBy("slot").execute();
  return rows.map((row) => row.slot);
}

function summaryOf(row: SummaryRow): ModelSummary {
  const { id, project, slot, run, snapshot, family, state, champion, accuracy } = row;
  return {
    id,
    project,
    slot,
    run,
    snapshot,
    family,
    state,
    fittedOn: row.fitted_on,
    champion,
    accuracy,
    macroF1: row.macro_f1,
    createdAt: iso(row.created_at),
  };
}
