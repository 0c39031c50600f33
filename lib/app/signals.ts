import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page, PageQuery } from "../domain/api/page.ts";
import type { RecordingSummary, SignalInfo } from "../domain/api/signals.ts";
import { SensorloopError } from "../domain/errors.ts";
import { resolve } from "../domain/labels/policy.ts";
import { parseManifest } from "../domain/manifest.ts";
import type { ObjectRef } from "../domain/object-ref.ts";
import { lengthOf } from "../domain/signal/layout.ts";
import type { SampleRange, SignalView } from "../domain/signal/view.ts";
import type { Spec } from "../domain/spec.ts";
import type { Platform } from "../platform.ts";
import { sha256Of } from "../store/hashes.ts";
import { record, type PutObject } from "../store/objects.ts";
import { holdErasures, isErased } from "../store/repositories/erasures.ts";
import { labelsOfRecording } from "../store/repositories/labels.ts";
import { findSpec } from "../store/repositories/projects.ts";
import * as store from "../store/repositories/signals.ts";
import type { RecordingKey } from "../store/repositories/signals.ts";
import { openSignalFile, readView, type SignalFile } from "../store/signal-file.ts";
import { findMedia } from "./media.ts";
import { needProject } from "./projects.ts";

/** Heads of files that are kept open in mind; one has the labels and stretches of a recording. */
const KEPT_HEADS = 64;

interface Opened {
  /** What is being made: whoever asks meanwhile waits for the same. */
  readonly making: Map<string, Promise<ObjectRef>>;
  readonly files: Map<string, Promise<SignalFile>>;
}
const openedBy = new WeakMap<Platform, Opened>();

/**
 * The file of a recording as the viewer reads it. The first who asks has it made, of the newest snapshot; it is made again
 * only when a newer snapshot holds other bytes of it.
 * @throws SensorloopError SPEC_UNKNOWN, SUBJECT_UNKNOWN
 */
export async function openSignal(platform: Platform, project: string, subject: string, recording: string): Promise<SignalFile> {
  const { db, objects } = platform;
  await needProject(db, project);
  const key = { project, subject, recording };
  if (await isErased(db, project, subject)) throw unknown(key);
  const snapshot = await store.findNewestSnapshot(db, project);
  if (!snapshot) throw unknown(key);
  let opened = openedBy.get(platform);
  if (!opened) openedBy.set(platform, (opened = { making: new Map(), files: new Map() }));
  const { making, files } = opened;
  const known = await store.findSignal(db, key, { snapshot: snapshot.id });
  const object = known ?? (await once(making, JSON.stringify([key, snapshot.id]), () => make(platform, key, snapshot)));
  const path = await objects.fetch(object);
  let file = files.get(object.sha256);
  if (!file) {
    file = openSignalFile(path);
    files.set(object.sha256, file);
    file.catch(() => files.delete(object.sha256));
    if (files.size > KEPT_HEADS) files.delete(files.keys().next().value!);
  }
  return { ...(await file), path };
}

/**
 * What a recording has, without its samples.
 * @param reader who is not shown answers of others to tasks that still want some
 * @throws SensorloopError SPEC_UNKNOWN, SUBJECT_UNKNOWN
 */
export async function showSignal(platform: Platform, { project, subject, recording }: RecordingKey, reader?: string): Promise<SignalInfo> {
  const { db } = platform;
  const { head } = await openSignal(platform, project, subject, recording);
  const key = { project, subject, recording };
  const [labels, predictions, media] = await Promise.all([
    labelsOfRecording(db, key, reader),
    store.listPredictionsOf(db, key),
    findMedia(platform, key),
  ]);
  const people = resolve(labels, head.rateHz).map(({ class: label, from, to }) => ({ label, from, to, source: "people" as const }));
  return {
    ...key,
    samples: lengthOf(head),
    rateHz: head.rateHz,
    startUs: head.startUs,
    axis: head.axis,
    channels: head.channels,
    stretches: head.stretches,
    labels: [...head.labels.map((label) => ({ ...label, source: "file" as const })), ...people],
    predictions,
    media: media && { kind: media.kind, url: media.url, offsetSeconds: media.offsetSeconds },
  };
}

/** @throws SensorloopError SPEC_UNKNOWN, SUBJECT_UNKNOWN, REQUEST_INVALID (an empty or endless range) */
export async function viewSignal(platform: Platform, key: RecordingKey, range: SampleRange, columns: number): Promise<SignalView> {
  const file = await openSignal(platform, key.project, key.subject, key.recording);
  const to = Math.min(range.to, lengthOf(file.head));
  if (to <= range.from) {
    const message = `the recording has samples 0 to ${lengthOf(file.head)}, and [${range.from}, ${range.to}) is none of them`;
    throw new SensorloopError("REQUEST_INVALID", message, { facts: { field: "to", samples: lengthOf(file.head) } });
  }
  return readView(file, { from: range.from, to }, columns);
}

export async function listRecordings(
  { db }: Platform,
  project: string,
  query: PageQuery & { search?: string },
): Promise<Page<RecordingSummary>> {
  await needProject(db, project);
  return store.listRecordings(db, project, query);
}

interface Snapshot {
  readonly id: string;
  readonly manifest: ObjectRef;
  readonly specVersion: number;
}

async function make(platform: Platform, key: RecordingKey, snapshot: Snapshot): Promise<ObjectRef> {
  const { db, objects, compute } = platform;
  const { project, subject, recording } = key;
  const spec = (await findSpec(db, project, snapshot.specVersion))?.body;
  if (!spec) throw new SensorloopError("SPEC_UNKNOWN", `project '${project}' has no spec version ${snapshot.specVersion}`);
  const manifest = parseManifest(await readFile(await objects.fetch(snapshot.manifest), "utf8"));
  const lists = await Promise.all(manifest.parts.map(async ({ role, pieces }) => ({ role, pieces: await objects.fetch(pieces) })));
  const wholeSubject = spec.windows.kind === "subject";
  await using finding = await compute.run("find-recording", { parts: lists, subject, recording, wholeSubject });
  const { parts: places, where, rows } = finding.output;
  if (where.length === 0) throw unknown(key);
  const found = places.map((place) => ({ ...manifest.parts[place]!, pieces: lists[place]!.pieces }));
  const input = inputHash(spec, found, where);
  const same = await store.findSignal(db, key, { input });
  if (same) return await keep(platform, key, { ...snapshot, input, object: same });
  const parts = await Promise.all(
    found.map(async ({ pieces, fileSpec, role, ...object }) => ({ path: await objects.fetch(object), pieces, fileSpec, role })),
  );
  await using job = await compute.run("signal", { parts, spec, where, rows });
  const put = await objects.putFile(project, "signal", join(job.folder, "signal.bin"));
  return await keep(platform, key, { ...snapshot, input, object: put, made: { put, ...job.output } });
}

interface Kept {
  readonly id: string;
  readonly input: string;
  readonly object: ObjectRef;
  readonly made?: { readonly put: PutObject; readonly samples: number; readonly rateHz: number; readonly startUs: number };
}

/** Records what was made, unless another process was first: then that one's counts, and ours is swept. */
async function keep({ db }: Platform, key: RecordingKey, { id, input, object, made }: Kept): Promise<ObjectRef> {
  const { project, subject, recording } = key;
  await db.transaction().execute(async (tx) => {
    await holdErasures(tx, project);
    if (await isErased(tx, project, subject)) throw unknown(key);
    await store.takeTurn(tx, key, id);
    if (await store.findSignal(tx, key, { snapshot: id })) return;
    if (made) await record(tx, [made.put]);
    const measures = made ?? (await store.measuresOf(tx, key, input));
    await tx
      .insertInto("signal")
      .values({
        ...{ project, subject, recording, snapshot: id, object: object.key },
        ...{ samples: measures.samples, rate_hz: measures.rateHz, start_us: measures.startUs },
        detail: JSON.stringify({ input }),
      })
      .execute();
  });
  return (await store.findSignal(db, key, { snapshot: id }))!;
}

/** Everything that the bytes of a signal depend on. */
function inputHash(spec: Spec, parts: readonly { sha256: string; fileSpec: number; role: string }[], where: unknown): string {
  const { rateHz, labels, windows } = spec;
  return sha256Of({
    format: 1,
    parts: parts.map(({ sha256, fileSpec, role }) => ({ sha256, fileSpec, role })),
    files: spec.files.map(({ channels, time, rateHz: ownHz, interval }) => ({ channels, time, rateHz: ownHz, interval })),
    ...{ rateHz, labels, where },
    windows: windows.kind === "sliding" ? { kind: windows.kind, gap: windows.maxGapSeconds } : { kind: windows.kind },
  });
}

/** One call at a time for a key; whoever asks meanwhile gets the same answer. */
async function once<Result>(running: Map<string, Promise<Result>>, key: string, work: () => Promise<Result>): Promise<Result> {
  let promise = running.get(key);
  if (!promise) {
    promise = work().finally(() => running.delete(key));
    running.set(key, promise);
  }
  return promise;
}

function unknown({ project, subject, recording }: RecordingKey): SensorloopError {
  const message = `project '${project}' has no recording '${recording}' of '${subject}'`;
  return new SensorloopError("SUBJECT_UNKNOWN", message, { facts: { subject, recording } });
}
