import { randomUUID } from "node:crypto";
import { signLabel, type Signer } from "../../lib/app/answers.ts";
import { applySpec } from "../../lib/app/projects.ts";
import type { AddedLabel } from "../../lib/domain/api/labels.ts";
import { recordingId } from "../../lib/ingest/identity.ts";
import type { Platform } from "../../lib/platform.ts";
import { promote } from "../../lib/store/promotion.ts";
import { insertTasks, type NewTask } from "../../lib/store/repositories/tasks.ts";
import { insertModel, specText } from "./world.ts";

/** Samples of every recording here, in windows of ten. */
export const SAMPLES = 3_000;

/** As cleaning names what a file calls `walk-1`. */
export const RECORDING = recordingId("s1", "walk-1");

export const annotator = (account: string): Signer => ({ account, role: "annotator" });
export const engineer: Signer = { account: "ada", role: "engineer" };

/** A project with annotation: one subject, and a champion that has seen windows of ten samples of `RECORDING`. */
export async function annotatedProject(platform: Platform, project: string, annotation: object = {}, more = ""): Promise<void> {
  const text = `${specText(project)}annotation: ${JSON.stringify({ experts: ["eve"], ...annotation })}\n${more}`;
  await applySpec(platform, { text, name: "spec.yaml" }, "test");
  const { db } = platform;
  const slot = `${project}/all/acc`;
  const model = await insertModel(db, { id: `${project}-model`, project, slot });
  await db.insertInto("subject").values({ project, biometric_id: "s1", external_id: "someone" }).execute();
  await db.transaction().execute((tx) => promote(tx, { project, slot, model, expected: null, actor: "test", why: "" }));
  await db
    .insertInto("prediction")
    .values(
      Array.from({ length: SAMPLES / 10 }, (_, window) => ({
        ...{ project, model, snapshot: `${project}-snapshot`, subject: "s1", recording: RECORDING, run: "some-run" },
        ...{ window_from: 10 * window, window_to: 10 * window + 10, start_us: 0 },
        ...{ split: "unlabelled", actual: null, predicted: "rest", confidence: 0.6 },
      })),
    )
    .execute();
}

/** Puts tasks of windows of `RECORDING` that lie apart into the queue, in order, and answers their ids. */
export async function putTasks(platform: Platform, project: string, count: number, task: Partial<NewTask> = {}): Promise<string[]> {
  const tasks = Array.from({ length: count }, (_, index): NewTask => {
    const window = { from_sample: 30 * index, to_sample: 30 * index + 10, rate_hz: 50, start_us: 0, rank: index };
    return {
      ...{ id: randomUUID(), project, reason: "uncertain", subject: "s1", recording: RECORDING, ...window },
      ...{ model: `${project}-model`, snapshot: `${project}-snapshot`, predicted: "rest", confidence: 0.6 },
      ...{ claimed: null, gold: null, wanted: 1, ...task },
    };
  });
  await platform.db.transaction().execute((tx) => insertTasks(tx, tasks));
  return tasks.map(({ id }) => id);
}

/** An answer to a task of `putTasks`. */
export function answer(
  platform: Platform,
  project: string,
  task: { readonly id: string; readonly from: number; readonly to: number },
  actor: Signer,
  label: { readonly class?: string; readonly id?: string; readonly version?: number; readonly supersedes?: string } = {},
): Promise<AddedLabel> {
  const { id: taskId, from, to } = task;
  const place = { subject: "s1", recording: RECORDING, from, to };
  return signLabel(platform, project, { id: randomUUID(), class: "walk", confirmation: false, ...label, ...place, task: taskId }, actor);
}
