import { sql } from "kysely";
import type { SignedLabel } from "../../domain/features-store/label-rows.ts";
import type { FeatureRow } from "../../domain/features-store/feature-row.ts";
import type { StatedProfile } from "../../domain/features-store/profile-rows.ts";
import { LEARNED } from "./labels.ts";
import { profileOf } from "./profiles.ts";
import type { Db } from "./rows.ts";

/** What feature sets are made of beside windows: rows of other sets, labels and profiles, by subject. */

/** Subjects whose rows are held at once. */
const AT_ONCE = 100;

/** What the newest version of a set says now, each subject's moments in order, a hundred subjects at a time. */
export async function* historyOfSet(db: Db, project: string, set: string): AsyncGenerator<FeatureRow[][]> {
  const within = sql`project = ${project} and feature_set = ${set}
    and version = (select max(version) from feature_set where project = ${project} and name = ${set})`;
  const { rows } = await sql<{ subject: string }>`select distinct subject from feature_row where ${within} order by subject`.execute(db);
  for (const some of inChunks(rows.map(({ subject }) => subject))) {
    const found = await sql<{ subject: string; event_at: Date; values: (number | null)[] }>`
      select distinct on (subject, event_at) subject, event_at, "values" from feature_row
      where ${within} and subject = any(${some}::text[])
      order by subject, event_at, created_at desc`.execute(db);
    const history = found.rows.map(({ subject, event_at, values }): FeatureRow => ({ subject, eventMs: event_at.getTime(), values }));
    yield [...Map.groupBy(history, ({ subject }) => subject).values()];
  }
}

/** Every label of a project by subject, in the order of their times. */
export async function* labelsBySubject(db: Db, project: string): AsyncGenerator<(readonly [subject: string, labels: SignedLabel[]])[]> {
  const { rows } = await sql<{ subject: string }>`select distinct subject from label where project = ${project} order by subject`.execute(
    db,
  );
  for (const some of inChunks(rows.map(({ subject }) => subject))) {
    const found = await sql<SignedLabel & { subject: string }>`
      select subject, id, class, supersedes, (extract(epoch from at) * 1000)::double precision as "atMs"
      from label where project = ${project} and subject = any(${some}::text[]) and ${LEARNED}
      order by subject, at, journal_id`.execute(db);
    yield [...Map.groupBy(found.rows, ({ subject }) => subject)];
  }
}

export async function statedProfiles(db: Db, project: string): Promise<StatedProfile[]> {
  const rows = await db.selectFrom("profile").selectAll().where("project", "=", project).orderBy("biometric_id").execute();
  return rows.map((row) => ({ subject: row.biometric_id, profile: profileOf(row), stated: row.stated }));
}

/** When each file was sent. */
export async function sendingTimes(db: Db, files: readonly string[]): Promise<Map<string, Date>> {
  const rows = await db
    .selectFrom("file")
    .innerJoin("upload", "upload.id", "file.upload")
    .select(["file.id", "upload.created_at"])
    .where("file.id", "in", files)
    .execute();
  return new Map(rows.map(({ id, created_at }) => [id, created_at]));
}

function* inChunks<Item>(items: readonly Item[]): Generator<Item[]> {
  for (let from = 0; from < items.length; from += AT_ONCE) yield items.slice(from, from + AT_ONCE);
}
