import { sql, type Selectable } from "kysely";
import { z } from "zod";
import type { Champion, Evaluation, ModelDetail, ModelSummary, SlotSummary } from "../../domain/api/models.ts";
import type { Page, PageQuery } from "../../domain/api/page.ts";
import type { Estimate } from "../../domain/metrics-schema.ts";
import type { ObjectRef } from "../../domain/object-ref.ts";
import type { Database } from "../database.ts";
import { decodeCursor, instantText, toPage } from "../keyset.ts";
import { iso, reportOf, type Db } from "./rows.ts";

type ModelRow = Selectable<Database["model"]>;
interface SummaryRow extends Pick<
  ModelRow,
  "id" | "project" | "slot" | "run" | "snapshot" | "family" | "state" | "origin" | "generation" | "parents" | "mutation"
> {
  fitted_on: ModelRow["fitted_on"];
  created_at: Date;
  error: ModelRow["error"];
  at_text: string;
  snapshot_at: string;
  score: number;
  champion: boolean;
  accuracy: Estimate | null;
  macro_f1: Estimate | null;
  validation: Estimate | null;
  latency_us: number | null;
  bytes: number | null;
}

/** A model that was fitted again on all rows has nobody left to be validated on: the trial it came from speaks for it. */
const VALIDATION = sql`coalesce(model.validation, trial.validation) -> 'macroF1'`;
/** By which `best` sorts; a model without a figure comes after all that have one. */
const SCORE = sql`coalesce((${VALIDATION} ->> 'value')::float8, -1)`;
const SUMMARY = sql`
  model.id, model.project, model.slot, model.run, model.snapshot, model.family, model.state, model.fitted_on, model.created_at, model.created_at::text as at_text,
  model.origin, model.generation, model.parents, model.mutation, model.error,
  exists (select from champion where champion.model = model.id and champion.slot = model.slot) as champion,
  coalesce(snapshot.created_at, model.created_at)::text as snapshot_at, ${SCORE} as score,
  holdout.metrics -> 'accuracy' as accuracy, holdout.metrics -> 'macroF1' as macro_f1, holdout.latency_us,
  ${VALIDATION} as validation, artifact.bytes + weights.bytes as bytes`;
const FROM = sql`
  from model left join snapshot on snapshot.id = model.snapshot
  left join model trial on model.origin = 'refit' and trial.id = model.parents[1]
  left join evaluation holdout on holdout.model = model.id and holdout.snapshot = model.snapshot and holdout.split = 'holdout'
  left join object artifact on artifact.key = model.artifact left join object weights on weights.key = model.weights`;
const snapshotTime = sql`coalesce(snapshot.created_at, model.created_at)`;

/** Models, newest or best first; see `modelQuerySchema` for what best means. */
export async function listModels(
  db: Db,
  project: string,
  { slot, run, order, limit, after }: PageQuery & { slot?: string; run?: string; order?: "newest" | "best" },
): Promise<Page<ModelSummary>> {
  const best = order === "best";
  const newer = best ? undefined : decodeCursor(after, z.tuple([instantText, z.string().max(80)]));
  const better = best ? decodeCursor(after, z.tuple([instantText, z.number(), z.string().max(80)])) : undefined;
  const rest = newer
    ? sql`(model.created_at, model.id) < (${newer[0]}::timestamptz, ${newer[1]})`
    : better
      ? sql`(${snapshotTime}, ${SCORE}, model.id) < (${better[0]}::timestamptz, ${better[1]}::float8, ${better[2]})`
      : sql`true`;
  const { rows } = await sql<SummaryRow>`
    select ${SUMMARY} ${FROM}
    where model.project = ${project}
      and ${slot === undefined ? sql`true` : sql`model.slot = ${slot}`}
      and ${run === undefined ? sql`true` : sql`model.run = ${run}`}
      and ${rest}
    order by ${best ? sql`${snapshotTime} desc, ${SCORE} desc, model.id desc` : sql`model.created_at desc, model.id desc`}
    limit ${limit + 1}`.execute(db);
  return toPage(rows, limit, summaryOf, (row) => (best ? [row.snapshot_at, row.score, row.id] : [row.at_text, row.id]));
}

/** A search has 1,000 trials at most, and a few models made of its best. */
const MOST_TRIALS = 1_200;

/**
 * What a run tried in a slot, by the generation it was tried in: also trials that an earlier run had trained, models fitted
 * again on all rows, means of several, and the candidate it came to.
 */
export async function listTrials(db: Db, project: string, slot: string, run: string): Promise<ModelSummary[]> {
  const { rows } = await sql<SummaryRow & { tried_in: number | null }>`
    select ${SUMMARY}, tried.generation as tried_in ${FROM}
    left join run_trial tried on tried.model = model.id and tried.run = ${run} and tried.slot = ${slot}
    where model.project = ${project} and model.slot = ${slot}
      and (model.run = ${run} or tried.model is not null
           or model.id in (select candidate from run_slot where run_slot.run = ${run} and run_slot.slot = ${slot}))
    order by coalesce(tried.generation, model.generation), ${SCORE} desc, model.id limit ${MOST_TRIALS}`.execute(db);
  return rows.map((row) => ({ ...summaryOf(row), generation: row.tried_in ?? row.generation }));
}

/** Runs that looked for a model of a slot, newest first. */
export async function listRunsOfSlot(db: Db, project: string, slot: string): Promise<string[]> {
  const { rows } = await sql<{ run: string }>`
    select worked.run from (
      select run from model where project = ${project} and slot = ${slot} union
      select run_slot.run from run_slot join run on run.id = run_slot.run where run.project = ${project} and run_slot.slot = ${slot}) worked
    left join run on run.id = worked.run
    order by run.requested_at desc nulls last, worked.run desc limit 50`.execute(db);
  return rows.map((row) => row.run);
}

/** What models were trained for: first slots with a champion, of those the ones for everybody, of those the ones with more sensors. */
export async function listSlotSummaries(db: Db, project: string): Promise<SlotSummary[]> {
  const { rows } = await sql<{ slot: string; champion: string | null; models: number; newest: Date }>`
    select model.slot, champion.model as champion, count(*)::int as models, max(model.created_at) as newest
    from model left join champion on champion.slot = model.slot
    where model.project = ${project} group by model.slot, champion.model
    order by champion.model is null, split_part(model.slot, '/', 2) <> 'all', cardinality(string_to_array(split_part(model.slot, '/', 3), '+')) desc, model.slot limit 500`.execute(
    db,
  );
  return rows.map(({ slot, champion, models, newest }) => {
    const [, cohort = "", sensors = ""] = slot.split("/");
    return { slot, cohort, sensors: sensors.split("+"), champion, models, newestAt: iso(newest) };
  });
}

export async function findModelSummary(db: Db, id: string): Promise<ModelSummary | undefined> {
  const { rows } = await sql<SummaryRow>`select ${SUMMARY} ${FROM} where model.id = ${id}`.execute(db);
  return rows[0] && summaryOf(rows[0]);
}

/** A model without its history as champion, which the journal knows. */
export async function findModel(db: Db, id: string): Promise<Omit<ModelDetail, "reigns"> | undefined> {
  const found = await findModelSummary(db, id);
  if (!found) return undefined;
  const { validation: _, ...summary } = found;
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
    .select(["artifact.sha256 as artifact_sha256", "weights.sha256 as weights_sha256"])
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

/** Where the answers of a model to a holdout are kept; undefined for one that came without them. */
export async function findOutcomes(db: Db, model: string, snapshot: string): Promise<ObjectRef | undefined> {
  return db
    .selectFrom("evaluation")
    .innerJoin("object", "object.key", "evaluation.outcomes")
    .select(["object.key", "object.sha256", "object.bytes"])
    .where("evaluation.model", "=", model)
    .where("evaluation.snapshot", "=", snapshot)
    .where("evaluation.split", "=", "holdout")
    .executeTakeFirst();
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
           holdout.metrics -> 'accuracy' as accuracy, holdout.metrics -> 'macroF1' as "macroF1"
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
  const { id, project, slot, run, snapshot, family, state, champion, accuracy, origin, generation, parents, mutation, validation } = row;
  const failure = reportOf(row.error);
  return {
    ...{ id, project, slot, run, snapshot, family, state, champion, origin, generation, parents, mutation, accuracy, validation },
    fittedOn: row.fitted_on,
    macroF1: row.macro_f1,
    latencyUs: row.latency_us,
    bytes: row.bytes,
    failure: failure && { code: failure.code, message: failure.message },
    createdAt: iso(row.created_at),
  };
}
