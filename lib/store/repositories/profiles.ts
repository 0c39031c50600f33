import { sql, type Selectable } from "kysely";
import { z } from "zod";
import type { Page, PageQuery } from "../../domain/api/page.ts";
import { PROFILE_FIELDS, type Profile, type ProfileField } from "../../domain/profile.ts";
import type { Database } from "../database.ts";
import { decodeCursor, toPage } from "../keyset.ts";
import type { Db } from "./rows.ts";

/** A person or machine that data of a project comes from, and what is known of them. */
export interface Subject extends Profile {
  /** As the files call them. */
  readonly subject: string;
  /** As the data calls them. */
  readonly biometricId: string;
  /** In the project's newest clustering; null where they are in none. */
  readonly cohort: string | null;
}

const COLUMNS = { age: "age", sex: "sex", level: "level", weightKg: "weight_kg", heightCm: "height_cm" } as const satisfies Record<
  ProfileField,
  string
>;

/**
 * Takes in what is said of people as of `at`: field by field the newest word counts, whichever comes first. A field that
 * is left out says nothing; null says that it is not known any more. Erased people are left out: see `holdErasures`.
 */
export async function stateProfiles(
  db: Db,
  project: string,
  at: Date,
  stated: readonly { readonly person: string; readonly profile: Partial<Profile> }[],
): Promise<void> {
  const rows = stated.map(({ person, profile }) => {
    const fields = PROFILE_FIELDS.filter((field) => profile[field] !== undefined);
    return {
      person,
      ...Object.fromEntries(fields.map((field) => [COLUMNS[field], profile[field]])),
      stated: Object.fromEntries(fields.map((field) => [field, at.toISOString()])),
    };
  });
  const newer = (field: ReturnType<typeof sql>) =>
    sql`(excluded.stated ->> ${field})::timestamptz >= coalesce((known.stated ->> ${field})::timestamptz, '-infinity')`;
  const updates = PROFILE_FIELDS.map((field) => {
    const column = sql.ref(COLUMNS[field]);
    return sql`${column} = case when ${newer(sql.lit(field))} then excluded.${column} else known.${column} end`;
  });
  // In one order everywhere, so that two files about the same people never wait for each other.
  await sql`
    insert into profile as known (project, biometric_id, age, sex, level, weight_kg, height_cm, stated)
    select ${project}, person, age, sex, level, weight_kg, height_cm, stated
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as said (person text, age int, sex text, level text, weight_kg real, height_cm real, stated jsonb)
    where not exists (select from erased_subject where erased_subject.project = ${project} and biometric_id = person)
    order by person
    on conflict (project, biometric_id) do update set ${sql.join(updates)},
      stated = known.stated || (
        select coalesce(jsonb_object_agg(field, excluded.stated -> field), '{}')
        from jsonb_object_keys(excluded.stated) as field where ${newer(sql`field`)}),
      updated_at = now()`.execute(db);
}

/** Profiles of a project by biometric id; people of whom nothing is known may be missing. */
export async function profilesOf(db: Db, project: string): Promise<Map<string, Profile>> {
  const rows = await db.selectFrom("profile").selectAll().where("project", "=", project).execute();
  return new Map(rows.map((row) => [row.biometric_id, profileOf(row)]));
}

/** By the name that files use, or by biometric id. */
export async function findSubject(db: Db, project: string, name: string): Promise<Subject | undefined> {
  const { rows } = await subjects(project, sql`(subject.external_id = ${name} or subject.biometric_id = ${name})`, 1).execute(db);
  return rows[0] && subjectOf(rows[0]);
}

/** Of names that files use, and of biometric ids; those of nobody are left out. */
export async function biometricIds(db: Db, project: string, names: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await sql<{ name: string; biometric_id: string }>`
    select name, biometric_id from unnest(${names}::text[]) as name
    join subject on project = ${project} and (external_id = name or biometric_id = name)`.execute(db);
  return new Map(rows.map(({ name, biometric_id }) => [name, biometric_id]));
}

/** In the order of their names. */
export async function listSubjects(db: Db, project: string, { limit, after }: PageQuery): Promise<Page<Subject>> {
  const from = decodeCursor(after, z.tuple([z.string()]));
  const { rows } = await subjects(project, from ? sql`subject.external_id > ${from[0]}` : sql`true`, limit + 1).execute(db);
  return toPage(rows, limit, subjectOf, (row) => [row.external_id]);
}

type SubjectRow = Pick<Selectable<Database["profile"]>, "age" | "sex" | "level" | "weight_kg" | "height_cm"> & {
  readonly external_id: string;
  readonly biometric_id: string;
  readonly cohort: string | null;
};

function subjects(project: string, which: ReturnType<typeof sql>, limit: number) {
  return sql<SubjectRow>`
    select subject.external_id, subject.biometric_id, age, sex, level, weight_kg, height_cm, cohort_member.cohort
    from subject
    left join profile using (project, biometric_id)
    left join cohort_member on cohort_member.subject = subject.biometric_id and cohort_member.clustering =
      (select id from clustering where project = ${project} order by created_at desc, id limit 1)
    where subject.project = ${project} and ${which}
    order by subject.external_id
    limit ${limit}`;
}

function subjectOf(row: SubjectRow): Subject {
  return { subject: row.external_id, biometricId: row.biometric_id, cohort: row.cohort, ...profileOf(row) };
}

export function profileOf({
  age,
  sex,
  level,
  weight_kg,
  height_cm,
}: Pick<SubjectRow, "age" | "sex" | "level" | "weight_kg" | "height_cm">): Profile {
  return { age, sex, level, weightKg: weight_kg, heightCm: height_cm };
}
