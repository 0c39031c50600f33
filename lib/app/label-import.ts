import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import type { ImportedLabels, LabelFormat } from "../domain/api/labels.ts";
import { refusal, type ForeignLabel, type ForeignLabels, type RefusedLabel } from "../domain/labels/foreign.ts";
import { readJson } from "../domain/labels/json.ts";
import { readLabelStudio } from "../domain/labels/label-studio.ts";
import type { Spec } from "../domain/spec.ts";
import { recordingId } from "../ingest/identity.ts";
import { Vocabulary } from "../ingest/vocabulary.ts";
import type { Platform } from "../platform.ts";
import { appendAll, isTaken, takeTurn } from "../store/journal.ts";
import { extentsOf, knownLabels, type Wanted } from "../store/repositories/labels.ts";
import type { Db } from "../store/repositories/rows.ts";
import { readLabelCsv } from "./label-csv.ts";
import { needSpec } from "./projects.ts";
import { wakeAnnotation } from "./wake-annotation.ts";

const READERS: Readonly<Record<LabelFormat, (text: string) => ForeignLabels>> = {
  csv: readLabelCsv,
  json: readJson,
  "label-studio": readLabelStudio,
};

/** Labels of one commit: large enough to be fast, small enough that others are not kept waiting. */
const LABELS_AT_ONCE = 5_000;
/** How often a commit is tried again because somebody signed one of its ids at the same moment. */
const TRIES = 3;

/** A label that was looked up and can be signed. */
interface Ready extends Wanted {
  readonly foreign: ForeignLabel;
}

/**
 * Takes labels in that were made elsewhere: each is checked on its own, the good ones are signed, the others named with
 * line and code. What is there already, by id or because a standing label says the same, is counted and left alone, so
 * that a file sent twice, or again after a failure, adds nothing twice. Whoever imports is the actor of the journal's
 * entries; whose word a label is, the file says (`by`, `authority`; an annotator's where it says nothing).
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
  const ready = await lookUp(db, project, spec, labels, { refused, actor });
  let added = 0;
  let known = 0;
  const seen = new Set<string>();
  for (let at = 0; at < ready.length; at += LABELS_AT_ONCE) {
    const some = ready.slice(at, at + LABELS_AT_ONCE).filter((label) => isNew(label, seen));
    known += Math.min(LABELS_AT_ONCE, ready.length - at) - some.length;
    const signed = await again(() => sign(platform, project, some, actor));
    added += signed.added;
    known += signed.known;
    refused.push(...signed.refused);
  }
  if (added > 0) wakeAnnotation(platform, project);
  return { added, known, refused: refused.sort((left, right) => (left.line ?? 0) - (right.line ?? 0)) };
}

/** Finds out whose samples each label is about, and refuses what cannot be. */
async function lookUp(
  db: Db,
  project: string,
  spec: Spec,
  labels: readonly ForeignLabel[],
  { refused, actor }: { refused: RefusedLabel[]; actor: string },
): Promise<Ready[]> {
  const vocabulary = new Vocabulary(spec.labels);
  const people = await peopleOf(db, project, new Set(labels.map((label) => label.subject)));
  const found = labels.flatMap((foreign): Ready[] => {
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

async function samplesOf(db: Db, project: string, spec: Spec, labels: readonly Ready[]): Promise<(label: Ready) => number | null> {
  const key = ({ subject, recording }: Ready) => JSON.stringify([subject, recording]);
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

/** Whether nothing before it in the file has its id or says the same. */
function isNew({ id, subject, recording, from, to, rateHz, class: name, by }: Ready, seen: Set<string>): boolean {
  const content = JSON.stringify([subject, recording, from, to, rateHz, name, by]);
  if (seen.has(id) || seen.has(content)) return false;
  seen.add(id).add(content);
  return true;
}

/** One commit. Imports of a project take turns, so that two of the same file at once are one. */
function sign({ db }: Platform, project: string, labels: readonly Ready[], actor: string): Promise<ImportedLabels> {
  return db.transaction().execute(async (tx) => {
    await takeTurn(tx, { table: "label", key: `import/${project}` });
    const { known, foreign } = await knownLabels(tx, project, labels);
    const refused = labels.flatMap((label, place) =>
      foreign.has(place) ? [refusal(label.foreign, "CONFLICT", `the id '${label.id}' is another project's label`)] : [],
    );
    const fresh = labels.filter((_, place) => !known.has(place) && !foreign.has(place));
    await appendAll(
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
    return { added: fresh.length, known: labels.length - fresh.length - refused.length, refused };
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
