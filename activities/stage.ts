import { randomUUID } from "node:crypto";
import type { Platform } from "../lib/platform.ts";
import { SensorloopError } from "../lib/domain/errors.ts";
import { isMedia } from "../lib/domain/media.ts";
import type { Spec } from "../lib/domain/spec.ts";
import type { RunContext } from "../lib/domain/stages.ts";
import type { JobOutput } from "../lib/compute/job.ts";
import { hold, raise } from "../lib/store/fence.ts";
import { sha256Of } from "../lib/store/hashes.ts";
import { record, type PutObject } from "../lib/store/objects.ts";
import { currentFence, currentSignal } from "./attempt.ts";
import { specOf } from "./spec-of.ts";
import { beginStage, endStage, logRun, progressReporter } from "./stage-record.ts";

type Entry = JobOutput<"stage-upload">["entries"][number];
interface Upload {
  id: string;
  name: string;
  key: string;
  sha256: string;
  bytes: number;
}

export function createStageActivities(platform: Platform) {
  const { db, objects, compute } = platform;

  /** Uploads become files: unpacked, verified to the last byte, brought to UTF-8, noticed when they repeat. Commits upload by upload. */
  async function stageUploads(context: RunContext): Promise<void> {
    const fence = currentFence();
    await raise(db, fence);
    await beginStage(db, context.run, "stage");
    const spec = await specOf(db, context);
    const staging = stagingHash(spec);
    const uploads = await uploadsOf(context, spec);
    const opened = db.selectFrom("file").select("upload").where("project", "=", context.project).where("staging", "=", staging);
    const known = new Set((await opened.distinct().execute()).map((row) => row.upload));
    // Uploads with the same bytes go one after another, by name: which of them counts must not be a race.
    const pending = [
      ...Map.groupBy(
        uploads.filter((upload) => !known.has(upload.id)),
        (upload) => upload.sha256,
      ).values(),
    ];
    const report = progressReporter(db, context.run, "stage");
    let done = 0;
    const lane = async () => {
      for (let same = pending.shift(); same; same = pending.shift()) {
        for (const upload of same) {
          currentSignal().throwIfAborted();
          await stageOne(context, spec, staging, upload);
          report({ done: ++done, total: uploads.length, unit: "uploads" });
        }
      }
    };
    await Promise.all(Array.from({ length: platform.config.jobs.processes }, lane));
    await selectFiles(context, staging, uploads);
  }

  /** Videos and sounds that the spec names are uploads, too, but hold no table. */
  async function uploadsOf(context: RunContext, spec: Spec): Promise<Upload[]> {
    const run = await db.selectFrom("run").select("params").where("id", "=", context.run).executeTakeFirstOrThrow();
    const wanted = run.params["uploads"] as string[] | undefined;
    const before = run.params["before"] as string | undefined;
    let query = db
      .selectFrom("upload")
      .innerJoin("object", "object.key", "upload.object")
      .select(["upload.id", "upload.name", "object.key", "object.sha256", "object.bytes"])
      .where("upload.project", "=", context.project);
    if (wanted) query = query.where("upload.id", "in", wanted);
    if (before !== undefined) query = query.where("upload.created_at", "<=", new Date(before));
    const sent = await query.orderBy("upload.name").orderBy("upload.id").execute();
    const uploads = sent.filter(({ name }) => !isMedia(spec, name));
    if (uploads.length === 0) throw new SensorloopError("NO_FILES", `project '${context.project}' has no files yet`);
    return uploads;
  }

  async function stageOne(context: RunContext, spec: Spec, staging: string, upload: Upload): Promise<void> {
    const path = await objects.fetch(upload);
    await using job = await compute.run("stage-upload", { path, name: upload.name, files: spec.files }, { signal: currentSignal() });
    const { entries } = job.output;
    const puts = new Map<Entry, PutObject>();
    for (const entry of entries) {
      if (entry.state !== "staged" || entry.path === path) continue;
      puts.set(entry, await objects.putFile(context.project, "file", entry.path, entry));
    }
    await db.transaction().execute(async (tx) => {
      await hold(tx, currentFence());
      await record(tx, [...puts.values()]);
      for (const entry of entries) await insertFile(entry, puts.get(entry)?.key ?? upload.key);
      // An upload that holds nothing of use is still an answer: it must not be opened again, and people must see why.
      if (entries.length === 0) await insertFile(unmatched(upload), null);

      async function insertFile(entry: Entry, key: string | null): Promise<void> {
        const row = {
          id: randomUUID(),
          project: context.project,
          name: entry.name,
          upload: upload.id,
          staging,
          bytes: entry.bytes,
          scan: JSON.stringify(entry.scan ?? {}),
        };
        if (entry.state === "refused") {
          await tx
            .insertInto("file")
            .values({ ...row, state: "refused", error: JSON.stringify(entry.error) })
            .execute();
          await logRun(tx, context.run, "stage", `${entry.name}: refused, ${entry.error.message} (${entry.error.code})`, "warn");
          return;
        }
        const staged = await tx
          .insertInto("file")
          .values({ ...row, state: "staged", sha256: entry.sha256, object: key })
          .onConflict((conflict) => conflict.columns(["project", "sha256"]).where("state", "=", "staged").doNothing())
          .returning("id")
          .executeTakeFirst();
        if (staged) return;
        const original = await tx
          .selectFrom("file")
          .select(["id", "name", "upload"])
          .where("project", "=", context.project)
          .where("sha256", "=", entry.sha256)
          .where("state", "=", "staged")
          .executeTakeFirstOrThrow();
        if (original.upload === upload.id && original.name === entry.name) {
          await tx.updateTable("file").set({ staging, scan: row.scan }).where("id", "=", original.id).execute();
          return;
        }
        await tx
          .insertInto("file")
          .values({ ...row, state: "duplicate", sha256: entry.sha256, duplicate_of: original.id })
          .execute();
        await logRun(tx, context.run, "stage", `${entry.name}: the same content as ${original.name}; counted once`, "warn");
      }
    });
  }

  /** The files of this run: those of its uploads, a repeated content standing for its first name. */
  async function selectFiles(context: RunContext, staging: string, uploads: readonly Upload[]): Promise<void> {
    const ids = uploads.map((upload) => upload.id);
    const files = await db
      .selectFrom("file")
      .select(["id", "state", "duplicate_of", "bytes", "error"])
      .where("upload", "in", ids)
      .where("staging", "=", staging)
      .execute();
    const usable = [...new Set(files.flatMap((file) => (file.state === "refused" ? [] : [file.duplicate_of ?? file.id])))];
    const refused = files.filter((file) => file.state === "refused");
    if (usable.length === 0) {
      throw new SensorloopError(
        refused[0]?.error?.code ?? "NO_FILES",
        `none of ${files.length} files could be used; the first: ${refused[0]?.error?.message ?? "no file"}`,
        {
          facts: { refused: refused.length },
        },
      );
    }
    await db.transaction().execute(async (tx) => {
      await hold(tx, currentFence());
      await tx.deleteFrom("run_file").where("run", "=", context.run).execute();
      for (let at = 0; at < usable.length; at += 5_000) {
        await tx
          .insertInto("run_file")
          .values(usable.slice(at, at + 5_000).map((file) => ({ run: context.run, file, chunk: null })))
          .execute();
      }
      const duplicates = files.filter((file) => file.state === "duplicate").length;
      await endStage(tx, context.run, "stage", {
        state: "done",
        counts: { rowsIn: files.length, rowsOut: usable.length, rowsQuarantined: refused.length, rowsDuplicate: duplicates },
        detail: {
          unit: "files",
          uploads: uploads.length,
          bytes: files.reduce((sum, file) => sum + file.bytes, 0),
          refused: refused.length,
          duplicates,
        },
      });
    });
  }

  return { stageUploads };
}

function stagingHash(spec: Spec): string {
  return sha256Of(spec.files.map(({ match, format, rules }) => ({ match, format, longest: rules.maxLineBytes })));
}

function unmatched(upload: Upload): Entry {
  const error = new SensorloopError("FILE_UNMATCHED", `no \`files\` pattern of the spec matches anything in '${upload.name}'`);
  return { name: upload.name, fileSpec: -1, state: "refused", path: "", sha256: "", bytes: upload.bytes, error: error.report() };
}
