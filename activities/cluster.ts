import { randomUUID } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Transaction } from "kysely";
import type { JobOutput } from "../lib/compute/job.ts";
import { nameCohorts } from "../lib/domain/cluster/names.ts";
import { membersOf, reportOf, type ClusteringReport, type PlacedPerson } from "../lib/domain/cluster/report.ts";
import { EVERYONE } from "../lib/domain/evolution/slots.ts";
import type { Profile } from "../lib/domain/profile.ts";
import type { Spec } from "../lib/domain/spec.ts";
import type { RunContext } from "../lib/domain/stages.ts";
import type { Platform } from "../lib/platform.ts";
import type { Database } from "../lib/store/database.ts";
import { hold, raise } from "../lib/store/fence.ts";
import { codeVersion, sha256Of } from "../lib/store/hashes.ts";
import { earlierCohorts, insertClustering, takeNamingTurn } from "../lib/store/repositories/cohorts.ts";
import { profilesOf } from "../lib/store/repositories/profiles.ts";
import { currentFence, currentSignal } from "./attempt.ts";
import { readManifest } from "./snapshot.ts";
import { specOf } from "./spec-of.ts";
import { beginStage, endStage, progressReporter } from "./stage-record.ts";
import { shardsOf } from "./window.ts";

interface InSnapshot extends RunContext {
  readonly snapshot: string;
  readonly windowSet: string;
}

export interface Clustered {
  /** Null: everyone is one cohort, `all`. */
  readonly clustering: string | null;
  readonly cohorts: readonly { readonly name: string; readonly subjects: number; readonly training: number }[];
}

/** What is filed under the hash of the stage's input, for the next run that asks the same. */
interface Result extends Clustered {
  readonly reason: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

export function createClusterActivities(platform: Platform) {
  const { db, objects, compute, config } = platform;

  /** Groups the subjects of a snapshot: found among those of the training, told of all. */
  async function clusterSubjects(context: InSnapshot): Promise<Clustered> {
    const fence = currentFence();
    await raise(db, fence);
    await beginStage(db, context.run, "cluster");
    const spec = await specOf(db, context);
    if (!spec.cluster) {
      await endStage(db, context.run, "cluster", { state: "skipped", reason: "the spec has no `cluster`: everyone is one cohort" });
      return { clustering: null, cohorts: [await everyone(context, spec)] };
    }
    const profiles = spec.cluster.by === "statistics" ? new Map<string, Profile>() : await profilesOf(db, context.project);
    const input = await hashOf(context, spec.cluster, profiles);
    const before = await findResult(db, context, input);
    if (before) {
      await end(db, context, before.result, before.run);
      return answerOf(before.result);
    }
    await using known = await profilesFile(profiles);
    const { split, splitBy } = await manifestOf(context.snapshot);
    await using job = await compute.run(
      "cluster-subjects",
      {
        shards: await Promise.all((await shardsOf(db, context.windowSet)).map((shard) => objects.fetch(shard))),
        split: splitBy === "subject" ? await objects.fetch(split) : null,
        profiles: known.path,
        cluster: spec.cluster,
        seed: context.seed,
      },
      { signal: currentSignal(), onProgress: progressReporter(db, context.run, "cluster") },
    );
    const people = JSON.parse(await readFile(job.output.people, "utf8")) as PlacedPerson[];
    return await db.transaction().execute(async (tx) => {
      await hold(tx, fence);
      await takeNamingTurn(tx, context.project);
      // Another run may have clustered the same meanwhile; its names stand.
      const theirs = await findResult(tx, context, input);
      const result = theirs?.result ?? (await commit(tx, context, input, job.output, people));
      await end(tx, context, result, theirs?.run ?? null);
      return answerOf(result);
    });
  }

  async function commit(
    tx: Transaction<Database>,
    context: InSnapshot,
    inputSha256: string,
    { partition, by, reason, tried, withoutGroups }: JobOutput<"cluster-subjects">,
    people: readonly PlacedPerson[],
  ): Promise<Result> {
    const subjects = people.length;
    if (!partition) {
      const training = people.filter(({ side }) => side === "train").length;
      const cohorts = [{ name: EVERYONE, subjects, training }];
      return file(tx, context, inputSha256, {
        clustering: null,
        cohorts,
        reason: `everyone is one cohort: ${reason}`,
        detail: { unit: "subjects", by, subjects, tried, withoutGroups },
      });
    }
    const groups = new Map(people.map(({ subject, group }) => [subject, group]));
    const model = nameCohorts(partition, groups, await earlierCohorts(tx, context.project));
    const report = reportOf(model, people, { tried, withoutGroups });
    const id = randomUUID();
    const { project, snapshot } = context;
    await insertClustering(tx, { id, project, snapshot, inputSha256, model, report, members: membersOf(model, people) });
    return file(tx, context, inputSha256, {
      clustering: id,
      cohorts: report.cohorts.map(({ cohort, subjects: all, training }) => ({ name: cohort, subjects: all, training })),
      reason: null,
      detail: { unit: "subjects", subjects, clustering: id, ...withoutPeople(report) },
    });
  }

  async function profilesFile(profiles: ReadonlyMap<string, Profile>): Promise<{ path: string } & AsyncDisposable> {
    const path = join(config.scratchDir, `profiles-${randomUUID()}.json`);
    await mkdir(config.scratchDir, { recursive: true });
    await writeFile(path, JSON.stringify(Object.fromEntries(profiles)), { mode: 0o600 });
    return { path, [Symbol.asyncDispose]: () => rm(path, { force: true }) };
  }

  /** Everything a clustering depends on but the snapshot, which the window set is of. */
  async function hashOf(context: InSnapshot, cluster: NonNullable<Spec["cluster"]>, profiles: ReadonlyMap<string, Profile>) {
    const { input_sha256: windows } = await db
      .selectFrom("window_set")
      .select("input_sha256")
      .where("id", "=", context.windowSet)
      .executeTakeFirstOrThrow();
    const { snapshot, seed } = context;
    return sha256Of({ snapshot, windows, cluster, profiles: Object.fromEntries(profiles), seed, code: codeVersion() });
  }

  async function everyone({ snapshot }: InSnapshot, { split }: Spec): Promise<Clustered["cohorts"][number]> {
    const { subjects, splits } = await db
      .selectFrom("snapshot")
      .select(["subjects", "splits"])
      .where("id", "=", snapshot)
      .executeTakeFirstOrThrow();
    return { name: EVERYONE, subjects, training: split.by === "subject" ? (splits["train"] ?? 0) : subjects };
  }

  async function manifestOf(snapshot: string) {
    const { manifest } = await db.selectFrom("snapshot").select("manifest").where("id", "=", snapshot).executeTakeFirstOrThrow();
    return readManifest(platform, manifest);
  }

  return { clusterSubjects };
}

function answerOf({ clustering, cohorts }: Result): Clustered {
  return { clustering, cohorts };
}

/** What the run's page shows: the report without the people, who may be many. */
function withoutPeople(report: ClusteringReport): Omit<ClusteringReport, "people"> {
  const { people: _, ...rest } = report;
  return rest;
}

async function findResult(
  db: Platform["db"],
  { project }: InSnapshot,
  inputSha256: string,
): Promise<{ run: string; result: Result } | undefined> {
  const row = await db
    .selectFrom("stage_result")
    .select(["run", "result"])
    .where("project", "=", project)
    .where("stage", "=", "cluster")
    .where("input_sha256", "=", inputSha256)
    .executeTakeFirst();
  return row && { run: row.run, result: row.result as Result };
}

async function file(tx: Transaction<Database>, { project, run }: InSnapshot, inputSha256: string, result: Result): Promise<Result> {
  await tx
    .insertInto("stage_result")
    .values({ project, stage: "cluster", input_sha256: inputSha256, run, result: JSON.stringify(result) })
    .execute();
  return result;
}

async function end(db: Platform["db"], { run }: InSnapshot, { reason, detail, cohorts }: Result, reusedFrom: string | null): Promise<void> {
  const subjects = Number(detail["subjects"]);
  await endStage(db, run, "cluster", {
    state: reusedFrom === null || reusedFrom === run ? "done" : "reused",
    counts: { rowsIn: subjects, rowsOut: subjects },
    reusedFrom: reusedFrom === run ? null : reusedFrom,
    reason:
      [reason, reusedFrom === null || reusedFrom === run ? null : "the same windows, profiles and code"].filter(Boolean).join("; ") ||
      undefined,
    detail: { ...detail, sizes: Object.fromEntries(cohorts.map(({ name, subjects: size }) => [name, size])) },
  });
}
