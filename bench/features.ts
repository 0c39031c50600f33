import { sql, type Kysely } from "kysely";
import { joinFeatures, latestFeatures } from "../lib/app/features.ts";
import { applySpec } from "../lib/app/projects.ts";
import { loadPlaces } from "../lib/config.ts";
import { randomFor, type Random } from "../lib/domain/random.ts";
import type { Platform } from "../lib/platform.ts";
import { openDatabase, type Database } from "../lib/store/database.ts";
import { migrate } from "../lib/store/migrate.ts";
import { startPostgres } from "../stack/start-services.ts";
import { openState } from "../stack/state.ts";
import { median, round, type Bench } from "./harness.ts";

const DAYS = 365;
const FEATURES = 50;
const CONNECTIONS = 16;
const JOINED = 10_000;
const CHECKED = 200;
const TARGET = { latestMs: 10, joinSeconds: 1 };
const FIRST_DAY = Date.UTC(2025, 0, 1);
const DAY_MS = 86_400_000;

const SPEC = `
project: bench
title: Feature store
files:
  - { match: 'csv$', subject: { column: who }, channels: { x: { sensor: acc } }, label: { column: label } }
labels: { classes: [a, b] }
windows: { kind: row }
featureStore: { sets: { motion: { from: labels, maxAgeDays: 30 } } }
`;

type Rows = readonly { readonly subject: string; readonly at: string }[];

/**
 * A million subject-days of fifty features, a tenth of them corrected some days later, in a Postgres of its own: the
 * newest values of one subject, asked by sixteen connections without a pause, and a point-in-time join of ten thousand
 * rows, of which some are checked against a search through all rows of their subjects.
 */
export const run: Bench = async (context) => {
  const { folder, quick, rounds, say } = context;
  const file = await openState(folder);
  const server = await startPostgres({ file, cacheDir: loadPlaces({ dataDir: folder }).cacheDir, report: say });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => server.stop());
  const url = file.state.settings["SENSORLOOP_DATABASE_URL"]!;
  await migrate(url);
  const db = openDatabase(url, { connections: CONNECTIONS, statementMs: 600_000 });
  stack.defer(() => db.destroy());
  const platform = { db } as Pick<Platform, "db">;
  await applySpec(platform as Platform, { text: SPEC, name: "spec.yaml" }, "bench");

  const subjects = Math.round(((quick ? 100_000 : 1_000_000) * context.scale) / DAYS);
  const stored = await fill(db, subjects);
  say(`${stored} rows of ${subjects} people`);

  const random = randomFor(1);
  const asked = (count: number): Rows => Array.from({ length: count }, () => ask(random, subjects));
  await serve(platform, asked(200));
  const latencies = await serve(platform, asked(quick ? 5_000 : 50_000));
  const [p50, p99] = [quantile(latencies.ms, 0.5), quantile(latencies.ms, 0.99)];
  say(`latest: p50 ${round(p50)} ms, p99 ${round(p99)} ms, ${Math.round(latencies.perSecond)} a second over ${CONNECTIONS} connections`);

  const joins: number[] = [];
  for (let turn = 0; turn < rounds; turn++) {
    const rows = asked(JOINED);
    const begun = performance.now();
    await joinFeatures(platform, "bench", { rows });
    joins.push((performance.now() - begun) / 1000);
  }
  const joinSeconds = median(joins);
  say(`join of ${JOINED} rows: ${joins.map((seconds) => round(seconds)).join(", ")} s`);
  const equal = await checkAgainstBruteForce(platform, db, asked(CHECKED));
  return {
    value: round(p99),
    unit: "ms (p99 of latest)",
    target: `latest p99 <= ${TARGET.latestMs} ms, ${JOINED} rows joined in <= ${TARGET.joinSeconds} s, equal to brute force`,
    ok: p99 <= TARGET.latestMs && joinSeconds <= TARGET.joinSeconds && equal,
    peer: null,
    ratio: null,
    detail: {
      rows: stored,
      subjects,
      features: FEATURES,
      p50: round(p50),
      perSecond: Math.round(latencies.perSecond),
      joinSeconds: round(joinSeconds),
      checked: CHECKED,
      equal,
    },
  };
};

const isoOf = (ms: number) => new Date(ms).toISOString();
const nameOf = (subject: number) => `person-${String(subject).padStart(6, "0")}`;

/** Somebody, at some time of the year. */
function ask(random: Random, subjects: number): Rows[number] {
  return { subject: nameOf(1 + random.below(subjects)), at: isoOf(FIRST_DAY + Math.floor(random.uniform() * DAYS * DAY_MS)) };
}

/** Rows come day by day, as they would: those of one subject are spread over the whole table. */
async function fill(db: Kysely<Database>, subjects: number): Promise<number> {
  const names = Array.from({ length: FEATURES }, (_, index) => `feature-${index}`);
  await sql`insert into subject (project, biometric_id, external_id)
    select 'bench', 'person-' || lpad(n::text, 6, '0'), 'name-' || n from generate_series(1, ${subjects}) as n`.execute(db);
  await sql`insert into feature_set (project, name, version, names, definition, created_at)
    values ('bench', 'motion', 1, ${names}, '{}', ${new Date(FIRST_DAY)})`.execute(db);
  const values = sql.join(names.map(() => sql`random()`));
  const rows = (lateness: ReturnType<typeof sql>, which: ReturnType<typeof sql>) => sql`
    insert into feature_row (project, feature_set, version, subject, event_at, created_at, "values", source)
    select 'bench', 'motion', 1, 'person-' || lpad(n::text, 6, '0'), event_at, event_at + ${lateness}, array[${values}], 'bench'
    from generate_series(1, ${DAYS}) as day cross join generate_series(1, ${subjects}::int) as n
    cross join lateral (select ${new Date(FIRST_DAY)}::timestamptz + day * interval '1 day' + n * interval '1 second' as event_at) as event
    where ${which}`;
  await rows(sql`interval '2 hours'`, sql`true`).execute(db);
  await rows(sql`interval '5 days'`, sql`(day * 7 + n) % 10 = 0`).execute(db);
  await sql`vacuum analyze feature_row`.execute(db);
  const { rows: counted } = await sql<{ count: number }>`select count(*) from feature_row`.execute(db);
  return counted[0]!.count;
}

/** Each connection asks its next question as soon as the last one is answered. */
async function serve(platform: Pick<Platform, "db">, asked: Rows): Promise<{ ms: number[]; perSecond: number }> {
  const ms: number[] = [];
  let next = 0;
  const begun = performance.now();
  const lane = async () => {
    while (next < asked.length) {
      const { subject, at } = asked[next++]!;
      const started = performance.now();
      const { sets } = await latestFeatures(platform, "bench", subject, { at });
      ms.push(performance.now() - started);
      if (Object.keys(sets[0]!.values).length !== FEATURES) throw new Error(`${subject} has not ${FEATURES} features`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
  return { ms, perSecond: (1000 * asked.length) / (performance.now() - begun) };
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!;
}

async function checkAgainstBruteForce(platform: Pick<Platform, "db">, db: Kysely<Database>, asked: Rows): Promise<boolean> {
  const joined = await joinFeatures(platform, "bench", { rows: asked });
  for (const [place, { subject, at }] of asked.entries()) {
    const all = await db.selectFrom("feature_row").select(["event_at", "created_at", "values"]).where("subject", "=", subject).execute();
    const known = all.filter((row) => row.event_at.getTime() <= Date.parse(at) && row.created_at.getTime() <= Date.parse(at));
    const newest = known
      .toSorted((a, b) => a.event_at.getTime() - b.event_at.getTime() || a.created_at.getTime() - b.created_at.getTime())
      .at(-1);
    const isOld = newest && newest.event_at.getTime() < Date.parse(at) - 30 * DAY_MS;
    const right = newest && !isOld ? newest.values : new Array<null>(FEATURES).fill(null);
    if (JSON.stringify(joined.rows[place]!.values) !== JSON.stringify(right)) return false;
  }
  return true;
}
