import { randomUUID } from "node:crypto";
import { sql, type Kysely } from "kysely";
import { pino } from "pino";
import { signLabel, type Signer } from "../lib/app/answers.ts";
import { applySpec } from "../lib/app/projects.ts";
import { claimTasks } from "../lib/app/tasks.ts";
import { loadPlaces } from "../lib/config.ts";
import type { LeasedTask } from "../lib/domain/api/tasks.ts";
import { SensorloopError } from "../lib/domain/errors.ts";
import { randomFor } from "../lib/domain/random.ts";
import type { Platform } from "../lib/platform.ts";
import { openDatabase, type Database } from "../lib/store/database.ts";
import { migrate } from "../lib/store/migrate.ts";
import { startPostgres } from "../stack/start-services.ts";
import { openState } from "../stack/state.ts";
import { round, type Bench } from "./harness.ts";

const ANNOTATORS = 50;
const PROJECT = "bench";
/** As the page has it: this many in hand, and more are asked for when half are left. */
const IN_HAND = 20;
/** One task in so many wants two answers; one answer in so many is sent twice. */
const [SEVERAL, TWICE] = [10, 20];

const SPEC = `
project: ${PROJECT}
title: Queue
files:
  - { match: 'csv$', subject: { column: who }, channels: { x: { sensor: acc } }, label: { column: label } }
labels: { classes: [a, b] }
windows: { kind: row }
annotation: {}
`;

/**
 * Fifty annotators at once, each with twenty tasks in hand, answering as fast as the database takes it, in a Postgres of
 * its own: every task must get as many answers as it wants, from different people, and nothing else.
 */
export const run: Bench = async (context) => {
  const { folder, quick, say } = context;
  const file = await openState(folder);
  const server = await startPostgres({ file, cacheDir: loadPlaces({ dataDir: folder }).cacheDir, report: say });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => server.stop());
  const url = file.state.settings["SENSORLOOP_DATABASE_URL"]!;
  await migrate(url);
  const db = openDatabase(url, { connections: 20 });
  stack.defer(() => db.destroy());
  // Temporal is away: labels do not wait for it.
  const temporal = () => Promise.reject(new SensorloopError("TEMPORAL_UNAVAILABLE", "the bench has none"));
  const platform = { db, temporal, log: pino({ level: "silent" }) } as unknown as Platform;
  await applySpec(platform, { text: SPEC, name: "spec.yaml" }, "bench");
  const tasks = Math.round((quick ? 1_000 : 10_000) * context.scale);
  await fill(db, tasks);
  say(`${tasks} tasks wait for ${ANNOTATORS} annotators`);

  const claimMs: number[] = [];
  const signMs: number[] = [];
  const begun = performance.now();
  await Promise.all(Array.from({ length: ANNOTATORS }, (_, index) => annotate(index)));
  const seconds = (performance.now() - begun) / 1000;

  async function annotate(index: number): Promise<void> {
    const actor: Signer = { account: `annotator-${index}`, role: "annotator" };
    const random = randomFor(index);
    let hand: LeasedTask[] = [];
    for (;;) {
      if (hand.length <= IN_HAND / 2) {
        const holding = hand.map(({ id }) => id);
        hand = await timed(claimMs, () => claimTasks(platform, PROJECT, { count: IN_HAND, holding }, actor));
      }
      const task = hand.shift();
      if (!task) return;
      const { subject, recording, from, to, version } = task;
      const label = { id: randomUUID(), subject, recording, from, to, class: "a", task: task.id, version, confirmation: false };
      await timed(signMs, () => signLabel(platform, PROJECT, label, actor));
      if (random.below(TWICE) === 0) await signLabel(platform, PROJECT, label, actor);
    }
  }

  const { labels, doubled, lost, wanted } = await count(db);
  say(`${labels} labels in ${round(seconds)} s; ${doubled} tasks labelled too often, ${lost} lost`);
  return {
    value: round(labels / seconds),
    unit: "labels/s",
    target: `${ANNOTATORS} annotators, 10,000 tasks: none labelled twice, none lost`,
    ok: doubled === 0 && lost === 0 && labels === wanted,
    peer: null,
    ratio: null,
    detail: {
      ...{ annotators: ANNOTATORS, tasks, labels, wanted, doubled, lost },
      claimMs: { p50: round(quantile(claimMs, 0.5)), p95: round(quantile(claimMs, 0.95)) },
      signMs: { p50: round(quantile(signMs, 0.5)), p95: round(quantile(signMs, 0.95)) },
    },
  };
};

/** One recording and its predictions, and a task of each. */
async function fill(db: Kysely<Database>, tasks: number): Promise<void> {
  await sql`insert into subject (project, biometric_id, external_id) values (${PROJECT}, 's', 'someone')`.execute(db);
  await sql`
    insert into model (id, project, slot, run, snapshot, window_set, family, genome, state, fitted_on)
    values ('m', ${PROJECT}, 'bench/all/acc', 'r', 's', gen_random_uuid(), 'logistic', '{}', 'trained', 'train')`.execute(db);
  await sql`
    insert into prediction (project, model, snapshot, run, subject, recording, window_from, window_to, start_us, split, predicted, confidence)
    select ${PROJECT}, 'm', 's', 'r', 's', 'recording-' || i / 100, i % 100 * 10, i % 100 * 10 + 10, 0, 'unlabelled', 'b', 0.5
    from generate_series(0, ${tasks}::int - 1) i`.execute(db);
  await sql`
    insert into task (id, project, reason, subject, recording, from_sample, to_sample, rate_hz, start_us, model, snapshot, predicted, confidence, rank, wanted)
    select gen_random_uuid(), project, 'uncertain', subject, recording, window_from, window_to, 50, 0, model, snapshot, predicted, confidence,
           row_number() over (order by window_from, recording), case when row_number() over () % ${SEVERAL} = 0 then 2 else 1 end
    from prediction`.execute(db);
  await sql`analyze`.execute(db);
}

/** From the labels alone, whatever the tasks say of themselves. */
async function count(db: Kysely<Database>): Promise<{ labels: number; doubled: number; lost: number; wanted: number }> {
  const { rows } = await sql<{ labels: number; doubled: number; lost: number; wanted: number }>`
    select sum(given)::int as labels, count(*) filter (where given > wanted or given > people)::int as doubled,
           count(*) filter (where given < wanted or state <> 'done')::int as lost, sum(wanted)::int as wanted
    from (select task.id, task.wanted, task.state, count(label.id) as given, count(distinct label.signed_by) as people
          from task left join label on label.task = task.id group by task.id) counted`.execute(db);
  return rows[0]!;
}

async function timed<Result>(times: number[], work: () => Promise<Result>): Promise<Result> {
  const begun = performance.now();
  try {
    return await work();
  } finally {
    times.push(performance.now() - begun);
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
