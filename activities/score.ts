import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { sql } from "kysely";
import type { SearchContext } from "../lib/domain/stages.ts";
import type { Platform } from "../lib/platform.ts";
import { hold, raise } from "../lib/store/fence.ts";
import { holdErasures } from "../lib/store/repositories/erasures.ts";
import { currentFence } from "./attempt.ts";
import { score } from "./evaluate.ts";
import { beginStage, endStage } from "./stage-record.ts";

interface Prediction {
  readonly subject: string;
  readonly recording: string;
  readonly from: number;
  readonly to: number;
  readonly startUs: number;
  readonly split: string;
  readonly actual: string | null;
  readonly predicted: string;
  readonly confidence: number;
}

/** Rows of one insert; each commit is short, so a reader never waits for 45,000 of them. */
const INSERT_ROWS = 10_000;

export function createScoreActivities(platform: Platform) {
  const { db } = platform;

  /** The new champion answers the holdout and every recording without labels; each answer can be traced to its window. */
  async function scoreRecordings(context: SearchContext & { model: string; promoted: boolean }): Promise<void> {
    const fence = currentFence();
    await raise(db, fence);
    await beginStage(db, context.run, "score");
    if (!context.promoted)
      return endStage(db, context.run, "score", { state: "skipped", reason: "the champion stays, and its predictions with it" });
    await using job = await score(platform, context, ["holdout", "unlabelled"]);
    let rows = 0;
    const batch: Prediction[] = [];
    for await (const line of createInterface({ input: createReadStream(job.output.predictions.path), crlfDelay: Infinity })) {
      if (line) batch.push(JSON.parse(line) as Prediction);
      if (batch.length >= INSERT_ROWS) rows += await insert(batch.splice(0));
    }
    rows += await insert(batch);
    await endStage(db, context.run, "score", { state: "done", counts: { rowsIn: rows, rowsOut: rows }, detail: { model: context.model } });

    /** A retry finds its own rows there already: the key says which window of which model it is. */
    async function insert(predictions: readonly Prediction[]): Promise<number> {
      if (predictions.length === 0) return 0;
      const column = <Key extends keyof Prediction>(key: Key) => predictions.map((prediction) => prediction[key]);
      await db.transaction().execute(async (tx) => {
        await hold(tx, fence);
        await holdErasures(tx, context.project);
        await sql`
          insert into prediction (project, model, snapshot, run, subject, recording, window_from, window_to, start_us, split, actual, predicted, confidence)
          select ${context.project}, ${context.model}, ${context.snapshot}, ${context.run}, t.* from unnest(
            ${column("subject")}::text[], ${column("recording")}::text[], ${column("from")}::bigint[], ${column("to")}::bigint[], ${column("startUs")}::bigint[],
            ${column("split")}::text[], ${column("actual")}::text[], ${column("predicted")}::text[], ${column("confidence")}::real[]) as t (subject)
          where not exists (select from erased_subject where project = ${context.project} and biometric_id = t.subject)
          on conflict do nothing`.execute(tx);
      });
      return predictions.length;
    }
  }

  return { scoreRecordings };
}
