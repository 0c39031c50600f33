import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { JobOutput } from "../lib/compute/job.ts";
import type { Spec } from "../lib/domain/spec.ts";
import type { RunContext } from "../lib/domain/stages.ts";
import type { SynthesisDecision, SynthesisReport } from "../lib/domain/synthesis/report.ts";
import type { Platform } from "../lib/platform.ts";
import { hold, raise } from "../lib/store/fence.ts";
import { codeVersion, sha256Of } from "../lib/store/hashes.ts";
import { record } from "../lib/store/objects.ts";
import { currentFence, currentSignal } from "./attempt.ts";
import { refOf } from "./object-of.ts";
import { specOf } from "./spec-of.ts";
import { beginStage, endStage, logRun, progressReporter, type StageEnd } from "./stage-record.ts";
import { shardsOf } from "./window.ts";

type InSnapshot = RunContext & { snapshot: string; windowSet: string; description: string | null };
interface Synthesised {
  /** Id of the row with report and decision; null where nothing was made up. */
  readonly synthesis: string | null;
  /** Whether its windows are to be learned from beside the real ones. */
  readonly joins: boolean;
}

export function createSynthesiseActivities(platform: Platform) {
  const { db, objects, compute } = platform;

  /** Makes recordings up from the description, judges them, and decides whether they join the training. */
  async function synthesise(context: InSnapshot): Promise<Synthesised> {
    const fence = currentFence();
    await raise(db, fence);
    await beginStage(db, context.run, "synthesise");
    const spec = await specOf(db, context);
    if (!spec.synthesise || context.description === null) {
      const reason = spec.synthesise ? "there are no statistics to make anything up from" : "the spec has no `synthesise`";
      await endStage(db, context.run, "synthesise", { state: "skipped", reason });
      return { synthesis: null, joins: false };
    }
    const description = await refOf(db, context.description);
    const shards = await shardsOf(db, context.windowSet);
    const input = synthesisHash(
      context,
      spec,
      description.sha256,
      shards.map(({ sha256 }) => sha256),
    );
    const id = input.slice(0, 16);
    const before = await db.selectFrom("synthesis").select(["report", "decision"]).where("id", "=", id).executeTakeFirst();
    if (before) {
      const decision = before.decision as unknown as SynthesisDecision;
      const end = endOf(before.report as unknown as SynthesisReport, decision, id);
      await endStage(db, context.run, "synthesise", { ...end, state: "reused", reason: "the same statistics, windows, seed and code" });
      return { synthesis: id, joins: decision.joins };
    }
    await using job = await compute.run(
      "synthesise-recordings",
      {
        description: await objects.fetch(description),
        spec,
        shards: await Promise.all(shards.map((shard) => objects.fetch(shard))),
        seed: context.seed,
        outName: "windows.bin",
        reportName: "report.json",
      },
      { signal: currentSignal(), onProgress: progressReporter(db, context.run, "synthesise") },
    );
    const { decision }: JobOutput<"synthesise-recordings"> = job.output;
    const report = JSON.parse(await readFile(join(job.folder, "report.json"), "utf8")) as SynthesisReport;
    const put = decision.asked === "never" ? null : await objects.putFile(context.project, "synthesis", join(job.folder, "windows.bin"));
    await db.transaction().execute(async (tx) => {
      await hold(tx, fence);
      if (put) await record(tx, [put]);
      await tx
        .insertInto("synthesis")
        .values({
          id,
          project: context.project,
          snapshot: context.snapshot,
          input_sha256: input,
          object: put?.key ?? null,
          report: JSON.stringify(report),
          decision: JSON.stringify(decision),
        })
        // Another run may have made the same up meanwhile.
        .onConflict((conflict) => conflict.column("id").doNothing())
        .execute();
      await logRun(
        tx,
        context.run,
        "synthesise",
        `made-up windows ${decision.joins ? "join" : "do not join"} the training: ${decision.reason}`,
      );
      for (const { class: name, reason } of report.leftOut) await logRun(tx, context.run, "synthesise", `${name}: ${reason}`, "warn");
      await endStage(tx, context.run, "synthesise", { ...endOf(report, decision, id), state: "done" });
    });
    return { synthesis: id, joins: decision.joins };
  }

  return { synthesise };
}

function endOf(report: SynthesisReport, decision: SynthesisDecision, synthesis: string): Omit<StageEnd, "state"> {
  const { people, rows, rowsPerSecond, windows, fidelity, privacy, transfer, mended } = report;
  return {
    counts: { rowsIn: rows, rowsOut: windows },
    detail: {
      unit: "windows",
      synthesis,
      people: people.length,
      rowsPerSecond,
      passed: fidelity.passed,
      failed: fidelity.failed,
      private: privacy && privacy.pass,
      transfer,
      mended: mended.length,
      decision,
    },
  };
}

/** Everything a synthesis depends on; the description and the windows have hashes of what they depend on themselves. */
function synthesisHash(
  { project, snapshot, seed }: InSnapshot,
  { files, rateHz, labels, filters, windows, features, synthesise }: Spec,
  description: string,
  shards: readonly string[],
): string {
  const channels = files.map((file) => file.channels);
  return sha256Of({
    project,
    snapshot,
    channels,
    rateHz,
    labels,
    filters,
    windows,
    features,
    synthesise,
    seed,
    description,
    shards,
    code: codeVersion(),
  });
}
