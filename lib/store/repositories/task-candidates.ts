import { sql, type RawBuilder } from "kysely";
import type { Label } from "../../domain/api/labels.ts";
import type { Db } from "./rows.ts";
import { STAYS } from "./tasks.ts";

/** A prediction that someone may be asked about. */
export interface Candidate {
  readonly subject: string;
  readonly recording: string;
  readonly from: number;
  readonly to: number;
  readonly startUs: number;
  readonly model: string;
  readonly snapshot: string;
  readonly predicted: string;
  readonly confidence: number;
  /** The class that contradicts it: the label of its file, or a user's word. */
  readonly claimed: string | null;
  /** What the champion before said of the same window; null where it was not asked. */
  readonly before: string | null;
}

/** A prediction that something contradicts. */
export type Contradiction = Omit<Candidate, "claimed" | "before">;

const COVERED = sql`
  task.project = p.project and task.recording = p.recording and task.subject = p.subject
  and task.from_sample < p.window_to and task.to_sample > p.window_from`;

/** Whether a task that covers some of the window waits. */
const ASKED = sql`exists (select from task where ${COVERED} and task.state in ('open', 'adjudicate'))`;

/**
 * Whether people are being asked about a window, by a task that a new champion does not end, or have said what it is. A
 * user's word is none of theirs: it is what they may have to be asked about.
 */
const SETTLED = sql`(
  exists (select from task where ${COVERED} and task.state in ('open', 'adjudicate') and ${STAYS})
  or exists (select from label where label.project = p.project and label.recording = p.recording and label.subject = p.subject
          and label.class is not null and label.authority <> 'user' and label.from_sample < p.window_to and label.to_sample > p.window_from
          and not exists (select from label later where later.supersedes = label.id)))`;

/** A user's word against the prediction, the newest that covers half of its window. */
const CLAIM = sql`(
  select label.class from label
  where label.project = p.project and label.recording = p.recording and label.subject = p.subject and label.authority = 'user'
    and label.class is not null and label.class <> p.predicted
    and 2 * (least(label.to_sample, p.window_to) - greatest(label.from_sample, p.window_from)) >= p.window_to - p.window_from
    and not exists (select from label later where later.supersedes = label.id)
  order by label.journal_id desc limit 1)`;

const CANDIDATE = sql`
  p.subject, p.recording, p.window_from as "from", p.window_to as "to", p.start_us as "startUs", p.model, p.snapshot, p.predicted, p.confidence`;

interface Asked {
  readonly project: string;
  readonly model: string;
  readonly snapshot: string;
  /** The champion before; null for none. */
  readonly before: string | null;
  readonly doubtBelow: number;
}

/**
 * Predictions of a model that call for a look, least confident first: unsure ones, those that a label contradicts, and
 * those that the champion before saw differently.
 */
export async function doubtfulPredictions(db: Db, asked: Asked, limit: number): Promise<Candidate[]> {
  const { rows } = await sql<Candidate>`
    select * from (
      select ${CANDIDATE}, coalesce(p.actual, ${CLAIM}) as claimed, b.predicted as before
      from prediction p left join prediction b
        on b.model = ${asked.before} and b.recording = p.recording and b.subject = p.subject and b.window_from = p.window_from and b.window_to = p.window_to
      where ${ofModel(asked)} and (p.actual is null or p.actual <> p.predicted) and not ${SETTLED}) seen
    where confidence < ${asked.doubtBelow} or claimed is not null or before <> predicted
    order by confidence, recording, subject, "from", "to" limit ${limit}`.execute(db);
  return rows;
}

/** Predictions of windows without a label, each as likely as any other; the same ones for the same seed. */
export async function randomPredictions(db: Db, asked: Asked, seed: number, limit: number): Promise<Candidate[]> {
  const { rows } = await sql<Candidate>`
    select ${CANDIDATE}, ${CLAIM} as claimed, null as before from prediction p
    where ${ofModel(asked)} and p.split = 'unlabelled' and not ${SETTLED}
    order by hashtextextended(p.subject || '/' || p.recording || '/' || p.window_from, ${seed}) limit ${limit}`.execute(db);
  return rows;
}

/** Which predictions of a model tasks are wanted of by hand. */
export interface Cell {
  readonly project: string;
  readonly model: string;
  readonly split: string;
  readonly actual?: string;
  readonly predicted?: string;
}

/** Predictions in a cell of a confusion matrix, the most confident first: those mistakes mislead most. */
export async function predictionsInCell(
  db: Db,
  { project, model, split, actual, predicted }: Cell,
  limit: number,
): Promise<(Candidate & { readonly asked: boolean })[]> {
  const conditions = [sql`p.project = ${project} and p.model = ${model} and p.split = ${split}`];
  if (actual !== undefined) conditions.push(sql`p.actual = ${actual}`);
  if (predicted !== undefined) conditions.push(sql`p.predicted = ${predicted}`);
  const { rows } = await sql<Candidate & { asked: boolean }>`
    select ${CANDIDATE}, nullif(p.actual, p.predicted) as claimed, null as before, ${ASKED} as asked from prediction p
    where ${sql.join(conditions, sql` and `)} order by p.confidence desc, p.recording, p.subject, p.window_from, p.window_to limit ${limit}`.execute(
    db,
  );
  return rows;
}

/**
 * Predictions of the present champions that say otherwise than a label that covers half of their window, the most
 * confident first, of windows that do not overlap.
 * @param surer only those at least this confident
 */
export async function predictionsAgainst(db: Db, label: Label, surer: number, limit: number): Promise<Contradiction[]> {
  const { project, subject, recording, from, to } = label;
  const { rows } = await sql<Candidate>`
    select ${CANDIDATE} from prediction p
    where p.model in (select model from champion where champion.project = ${project}) and p.recording = ${recording} and p.subject = ${subject}
      and p.project = ${project} and p.predicted <> ${label.class} and p.confidence >= ${surer}::real
      and 2 * (least(p.window_to, ${to}::bigint) - greatest(p.window_from, ${from}::bigint)) >= p.window_to - p.window_from and not ${ASKED}
    order by p.confidence desc, p.window_from`.execute(db);
  return apartFrom(rows, limit);
}

/** The first of these, in their order, that share no sample with one before. */
function apartFrom<Each extends Contradiction>(rows: readonly Each[], limit: number): Each[] {
  const apart: Each[] = [];
  const byRecording = new Map<string, Each[]>();
  for (const row of rows) {
    if (apart.length === limit) break;
    const key = JSON.stringify([row.subject, row.recording]);
    const others = byRecording.get(key) ?? [];
    if (others.some((other) => row.to > other.from && row.from < other.to)) continue;
    byRecording.set(key, [...others, row]);
    apart.push(row);
  }
  return apart;
}

/** Windows that overlap one chosen before are passed over, so more are read than wanted. */
const READ_FOR_ONE = 20;

/**
 * Predictions of the present champions that say otherwise than a label of annotators or users that was signed outside any
 * task and stands, and covers half of their window: the most confident first, of windows that do not overlap, with the
 * label's word.
 * @param signed `first` and `last`: their entries in the journal; `surer`: of those that an annotator's word is against
 * only such; `rateHz`: of the predictions' windows, to which labels are converted (null: they share their places)
 */
export async function predictionsAgainstAll(
  db: Db,
  signed: {
    readonly project: string;
    readonly first: number;
    readonly last: number;
    readonly surer: number;
    readonly rateHz: number | null;
  },
  { ofLabel, limit }: { readonly ofLabel: number; readonly limit: number },
): Promise<(Contradiction & { readonly label: string; readonly by: string })[]> {
  const { project, first, last, surer, rateHz } = signed;
  const { rows } = await sql<Contradiction & { word: string; label: string; by: string }>`
    with said as materialized (
      select id, recording, subject, class, signed_by, authority,
             from_sample * coalesce(${rateHz}::float8 / rate_hz, 1) as begins, to_sample * coalesce(${rateHz}::float8 / rate_hz, 1) as ends
      from label where project = ${project} and journal_id between ${first} and ${last} and task is null
        and class is not null and authority in ('user', 'annotator') and not exists (select from label later where later.supersedes = label.id)),
    -- How long windows are, so that each label reads those around it alone, and not its recording from the beginning.
    heard as materialized (
      select place.recording, place.subject, champion.model,
             (select max(p.window_to - p.window_from) from prediction p
              where p.model = champion.model and p.recording = place.recording and p.subject = place.subject) as length
      from (select distinct recording, subject from said) place, champion where champion.project = ${project}),
    ranked as (
      select p.*, said.id as word, said.class as label, said.signed_by as by, row_number() over (partition by said.id order by p.confidence desc, p."from") as place
      from said join heard using (recording, subject)
      -- Label by label, which the offset sees to, and by the key, which begins with the model: joined as a whole, or by the
      -- project's index, each label would meet its whole recording or all predictions.
      cross join lateral (
        select ${CANDIDATE} from prediction p
        where p.model = heard.model and p.recording = said.recording and p.subject = said.subject
          and p.window_from >= (said.begins - heard.length)::bigint and p.window_from < ceil(said.ends)::bigint
          and p.predicted <> said.class and (said.authority = 'user' or p.confidence >= ${surer}::real)
          and 2 * (least(p.window_to, said.ends) - greatest(p.window_from, said.begins)) >= p.window_to - p.window_from and not ${ASKED}
        offset 0) p)
    select * from ranked where place <= ${READ_FOR_ONE * ofLabel}
    order by confidence desc, recording, subject, "from" limit ${READ_FOR_ONE * limit}`.execute(db);
  const perWord = new Map<string, number>();
  return apartFrom(rows, rows.length)
    .filter(({ word }) => {
      const before = perWord.get(word) ?? 0;
      perWord.set(word, before + 1);
      return before < ofLabel;
    })
    .slice(0, limit);
}

function ofModel({ project, model, snapshot }: Asked): RawBuilder<unknown> {
  return sql`p.project = ${project} and p.model = ${model} and p.snapshot = ${snapshot}`;
}
