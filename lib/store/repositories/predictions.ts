import { sql, type RawBuilder, type Selectable } from "kysely";
import { z } from "zod";
import type { Page, PageQuery } from "../../domain/api/page.ts";
import type { Prediction, PredictionKey } from "../../domain/api/predictions.ts";
import type { Database } from "../database.ts";
import { decodeCursor, instantText, toPage } from "../keyset.ts";
import { iso, type Db } from "./rows.ts";

export interface PredictionFilter {
  readonly model?: string;
  readonly split?: string;
  readonly actual?: string;
  readonly predicted?: string;
  readonly wrong?: boolean;
  readonly order: "newest" | "doubtful";
}

type Row = Selectable<Database["prediction"]> & { at_text: string };

const place = [z.string().max(400), z.string().max(200), z.int(), z.int(), z.string().max(80)] as const;
const byTime = z.tuple([instantText, ...place]);
const byDoubt = z.tuple([z.number(), ...place]);
const PLACE = sql`recording, subject, window_from, window_to, model`;

/** Predictions of a project, by time or from the least confident up; windows of equal time by where they lie. */
export async function listPredictions(
  db: Db,
  project: string,
  { order, limit, after, ...filter }: PredictionFilter & PageQuery,
): Promise<Page<Prediction>> {
  const doubtful = order === "doubtful";
  const from = decodeCursor<z.ZodType<[string | number, string, string, number, number, string]>>(after, doubtful ? byDoubt : byTime);
  const conditions: RawBuilder<unknown>[] = [sql`project = ${project}`];
  for (const column of ["model", "split", "actual", "predicted"] as const)
    if (filter[column] !== undefined) conditions.push(sql`${sql.ref(column)} = ${filter[column]}`);
  if (filter.wrong !== undefined) conditions.push(filter.wrong ? sql`actual is not null and actual <> predicted` : sql`actual = predicted`);
  if (from) {
    const [first, recording, subject, begin, end, model] = from;
    const behind = sql`(${PLACE}) > (${recording}, ${subject}, ${begin}, ${end}, ${model})`;
    conditions.push(
      doubtful
        ? sql`(confidence > ${first}::real or (confidence = ${first}::real and ${behind}))`
        : sql`(created_at < ${first}::timestamptz or (created_at = ${first}::timestamptz and ${behind}))`,
    );
  }
  const { rows } = await sql<Row>`
    select *, created_at::text as at_text from prediction where ${sql.join(conditions, sql` and `)}
    order by ${doubtful ? sql`confidence` : sql`created_at desc`}, ${PLACE} limit ${limit + 1}`.execute(db);
  return toPage(rows, limit, predictionOf, (row) => [
    doubtful ? row.confidence : row.at_text,
    row.recording,
    row.subject,
    row.window_from,
    row.window_to,
    row.model,
  ]);
}

export async function findPrediction(db: Db, project: string, key: PredictionKey): Promise<Prediction | undefined> {
  const row = await db
    .selectFrom("prediction")
    .selectAll()
    .where("project", "=", project)
    .where("model", "=", key.model)
    .where("recording", "=", key.recording)
    .where("subject", "=", key.subject)
    .where("window_from", "=", key.from)
    .where("window_to", "=", key.to)
    .executeTakeFirst();
  return row && predictionOf(row);
}

export async function countPredictions(db: Db, project: string): Promise<{ count: number; at: Date | null }> {
  const { rows } = await sql<{ count: number; at: Date | null }>`
    select coalesce(sum(rows_out), 0)::bigint as count, max(stage.ended_at) as at
    from stage join run on run.id = stage.run where run.project = ${project} and stage.name = 'score' and stage.state = 'done'`.execute(db);
  return rows[0] ?? { count: 0, at: null };
}

function predictionOf(row: Selectable<Database["prediction"]>): Prediction {
  return {
    project: row.project,
    model: row.model,
    snapshot: row.snapshot,
    recording: row.recording,
    subject: row.subject,
    from: row.window_from,
    to: row.window_to,
    startUs: row.start_us,
    split: row.split,
    actual: row.actual,
    predicted: row.predicted,
    confidence: row.confidence,
    run: row.run,
    createdAt: iso(row.created_at),
  };
}
