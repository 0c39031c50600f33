import { randomUUID } from "node:crypto";
import { sql, type Transaction } from "kysely";
import type { ImportedLabels, LabelFormat } from "../domain/api/labels.ts";
import { refusal, type ForeignLabels, type RefusedLabel } from "../domain/labels/foreign.ts";
import { readJson } from "../domain/labels/json.ts";
import { readLabelStudio } from "../domain/labels/label-studio.ts";
import type { Spec } from "../domain/spec.ts";
import { recordingId } from "../ingest/identity.ts";
import { Vocabulary } from "../ingest/vocabulary.ts";
import type { Platform } from "../platform.ts";
import type { Database } from "../store/database.ts";
import { appendAll, isTaken, takeTurn } from "../store/journal.ts";
import { holdErasures, listErased } from "../store/repositories/erasures.ts";
import { extentsOf, knownLabels } from "../store/repositories/labels.ts";
import type { Db } from "../store/repositories/rows.ts";
import { contradictAll } from "./contradictions.ts";
import { readLabelCsv } from "./label-csv.ts";
import { contentOf, correctLabels, type ImportedLabel } from "./label-corrections.ts";
import { needSpec } from "./projects.ts";
import { wakeAnnotation } from "./wake-annotation.ts";

const READERS: Readonly<Record<LabelFormat, (text: string) => ForeignLabels>> = {
  csv: readLabelCsv,
  json: readJson,
  "label-studio": readLabelStudio,
};

/** Labels of one commit: large enough to be fast, small enough that others are not kept waiting. */
const LABELS_AT_ONCE = 5_000;
/** Corrections of one commit: each waits for the turn of its label and of its task. */
const CORRECTIONS_AT_ONCE = 200;
/** How often a commit is tried again because somebody signed one of its ids at the same moment. */
const TRIES = 3;

/**
 * Takes labels in that were made elsewhere: each is checked on its own, the good ones are signed, the others named with
 * line and code. What is there already, by id or because a standing label says the same, is counted and left alone, so
 * that a file sent twice, or again after a failure, adds nothing twice; a file that says otherwise under a known id
 * corrects that label (see `correctLabels`), but never goes back to what a label said before it was superseded: a file
 * that is older looks the same. Whoever imports is the actor of the journal's entries; whose word a label is, the file says
 * (`by`, `authority`; an annotator's where it says nothing). Afterwards predictions that the labels contradict are asked about.
 * @throws SensorloopError SPEC_UNKNOWN; REQUEST_INVALID, HEADER_MISMATCH where the file as a whole cannot be read
 */
export async function importLabels(
  platform: Platform,
  project: string,
  file: { readonly format: LabelFormat; readonly text: string },
  actor: string,
): Promise<ImportedLabels> {
  const { db } = platform;
  const spec = await needSpec(db, project);
  const { labels, refused } = READERS[file.format](file.text);
  const unread = refused.length;
  const ready = onceEach(await lookUp(db, project, spec, labels, { refused, actor }), refused);
  let [added, changed] = [0, 0];
  const changes: ImportedLabel[] = [];
  const entries: number[] = [];
  for (const some of chunks(ready, LABELS_AT_ONCE)) {
    const signed = await again(() => sign(platform, project, some, actor));
    added += signed.entries.length;
    refused.push(...signed.refused);
    changes.push(...signed.changes);
    entries.push(...signed.entries);
  }
  for (const some of chunks(changes, CORRECTIONS_AT_ONCE)) {
    const corrected = await again(() => inTurn(platform, project, some, (tx, valid) => correctLabels(tx, project, valid, actor)));
    changed += corrected.entries.length;
    refused.push(...corrected.refused);
    entries.push(...corrected.entries);
  }
  if (entries.length > 0) {
    const signed = { first: entries[0]!, last: entries.at(-1)! };
    await db.transaction().execute(async (tx) => {
      await holdErasures(tx, project);
      await contradictAll(tx, { spec, signed, actor });
    });
    wakeAnnotation(platform, project);
  }
  const known = labels.length - added - changed - (refused.length - unread);
  return { added, changed, known, refused: refused.sort((left, right) => (left.line ?? 0) - (right.line ?? 0)) };
}

/** Finds out whose samples each label is about, and refuses what cannot be. */
async function lookUp(
  db: Db,
  project: string,
  spec: Spec,
  labels: ForeignLabels["labels"],
  { refused, actor }: { refused: RefusedLabel[]; actor: string },
): Promise<ImportedLabel[]> {
  const vocabulary = new Vocabulary(spec.labels);
  const people = await peopleOf(db, project, new Set(labels.map((label) => label.subject)));
  const found = labels.flatMap((foreign): ImportedLabel[] => {
    const reading = vocabulary.read(foreign.class);
    const subject = people.get(foreign.subject);
    if ("unknown" in reading) refused.push(refusal(foreign, "UNKNOWN_CLASS", reading.unknown));
    else if (reading.label === null) refused.push(refusal(foreign, "UNKNOWN_CLASS", `'${foreign.class}' stands for no class`));
    else if (subject === undefined)
      refused.push(refusal(foreign, "SUBJECT_UNKNOWN", `project '${project}' has no subject '${foreign.subject}'`));
    else {
      const { id = randomUUID(), from, to, rateHz = spec.rateHz, by = actor } = foreign;
      const recording = isRecordingId(foreign.recording) ? foreign.recording : recordingId(subject, foreign.recording);
      return [{ foreign, id, subject, recording, from, to, rateHz, class: reading.label, by }];
    }
    return [];
  });
  const samples = await samplesOf(db, project, spec, found);
  return found.filter((label) => {
    const length = samples(label);
    // As far as anyone can say who signed at another rate, to the sample.
    const inside = length === null || (label.to * spec.rateHz) / label.rateHz < length + 1;
    const { from, to, foreign } = label;
    if (!inside) refused.push(refusal(foreign, "INTERVAL_OUTSIDE", `${from} to ${to} lies outside the recording's ${length} samples`));
    return inside;
  });
}

/** Biometric ids by what a file calls people: these ids themselves, or the names that data files use. */
async function peopleOf(db: Db, project: string, names: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ biometric_id: string; external_id: string }>`
    select biometric_id, external_id from subject
    where project = ${project} and (biometric_id = any(${[...names]}::text[]) or external_id = any(${[...names]}::text[]))`.execute(db);
  return new Map([
    ...rows.map((row) => [row.external_id, row.biometric_id] as const),
    ...rows.map((row) => [row.biometric_id, row.biometric_id] as const),
  ]);
}

/** Whether it is an id as cleaning makes them; a bare name is made one by its subject. */
function isRecordingId(recording: string): boolean {
  return /~[0-9a-f]{12}$/.test(recording);
}

async function samplesOf(
  db: Db,
  project: string,
  spec: Spec,
  labels: readonly ImportedLabel[],
): Promise<(label: ImportedLabel) => number | null> {
  const key = ({ subject, recording }: ImportedLabel) => JSON.stringify([subject, recording]);
  const distinct = [...new Map(labels.map((label) => [key(label), label])).values()];
  const samples = await extentsOf(
    db,
    project,
    spec.rateHz,
    distinct.map(({ subject, recording }) => [subject, recording] as const),
  );
  const lengths = new Map(distinct.map((label, index) => [key(label), samples[index] ?? null]));
  return (label) => lengths.get(key(label)) ?? null;
}

/** Each id once: what the file repeats is known, and of two under one id that differ the second is refused. */
function onceEach(labels: readonly ImportedLabel[], refused: RefusedLabel[]): ImportedLabel[] {
  const said = new Map<string, string>();
  return labels.filter((label) => {
    const before = said.get(label.id);
    if (before === undefined) said.set(label.id, contentOf(label));
    else if (before !== contentOf(label))
      refused.push(refusal(label.foreign, "CONFLICT", `the file says something else of '${label.id}' before`));
    return before === undefined;
  });
}

/** Those that no other before them says as well, in the same name. */
function distinct(labels: readonly ImportedLabel[]): ImportedLabel[] {
  return [...new Map(labels.toReversed().map((label) => [JSON.stringify([contentOf(label), label.by]), label])).values()].toReversed();
}

function* chunks<Item>(items: readonly Item[], size: number): Generator<Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

/**
 * One commit. Imports of a project take turns, so that two of the same file at once are one. Whoever was erased since the
 * label was looked up is refused.
 */
function inTurn<Result extends { readonly refused: readonly RefusedLabel[] }>(
  { db }: Platform,
  project: string,
  labels: readonly ImportedLabel[],
  work: (tx: Transaction<Database>, labels: readonly ImportedLabel[]) => Promise<Result>,
): Promise<Result> {
  return db.transaction().execute(async (tx) => {
    await holdErasures(tx, project);
    await takeTurn(tx, { table: "label", key: `import/${project}` });
    const erased = new Set(await listErased(tx, project));
    const gone = labels.filter(({ subject }) => erased.has(subject));
    const result = await work(
      tx,
      labels.filter(({ subject }) => !erased.has(subject)),
    );
    const refused = gone.map(({ foreign, subject }) => refusal(foreign, "SUBJECT_UNKNOWN", `subject '${subject}' was erased`));
    return { ...result, refused: [...result.refused, ...refused] };
  });
}

interface SignedSome {
  readonly entries: readonly number[];
  readonly refused: readonly RefusedLabel[];
  readonly changes: readonly ImportedLabel[];
}

function sign(platform: Platform, project: string, wanted: readonly ImportedLabel[], actor: string): Promise<SignedSome> {
  return inTurn(platform, project, wanted, async (tx, labels) => {
    const { known, foreign, changed } = await knownLabels(tx, project, labels);
    const refused = labels.flatMap((label, place) =>
      foreign.has(place) ? [refusal(label.foreign, "CONFLICT", `the id '${label.id}' is another project's label`)] : [],
    );
    const fresh = distinct(labels.filter((_, place) => !known.has(place) && !foreign.has(place) && !changed.has(place)));
    const entries = await appendAll(
      tx,
      fresh.map(({ id, subject, recording, from, to, rateHz, class: name, by, foreign: { authority } }) => ({
        kind: "label.signed",
        actor,
        project,
        payload: {
          ...{ label: id, subject, recording, from, to, rateHz, class: name, authority },
          ...{ task: null, supersedes: null, seconds: null },
          ...(by !== actor && { by }),
        },
      })),
    );
    return { entries: entries.map(({ id }) => id), refused, changes: labels.filter((_, place) => changed.has(place)) };
  });
}

/** Tries anew where an id was signed between the look and the writing: then it is known. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let left = TRIES; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (left <= 1 || !isTaken(error)) throw error;
    }
  }
}
