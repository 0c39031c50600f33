import { readFile } from "node:fs/promises";
import type { Comparison, Evaluation, ModelDetail } from "../domain/api/models.ts";
import { cutKey } from "../domain/cut.ts";
import type { Estimate } from "../domain/metrics-schema.ts";
import { decodeOutcomes, type Outcomes } from "../domain/outcomes.ts";
import { pairedDifference, unlikePeople, unlikeWindows } from "../domain/paired.ts";
import type { Platform } from "../platform.ts";
import { findOutcomes } from "../store/repositories/models.ts";
import { findSpec } from "../store/repositories/projects.ts";
import { showModel } from "./models.ts";

const SUBJECTS_LISTED = 200;

/**
 * Two models side by side, on a holdout that both have answered. Where both answered the same windows, or the same people
 * in windows that are cut otherwise, the differences are paired by person and have intervals; a model that came without
 * its answers leaves plain differences. Without a common holdout both are shown and `reason` says why they cannot be compared.
 * @throws SensorloopError NOT_FOUND, OBJECT_CORRUPT
 */
export async function compareModels(platform: Platform, one: string, other: string): Promise<Comparison> {
  const [a, b] = await Promise.all([showModel(platform, one), showModel(platform, other)]);
  const no = (reason: string): Comparison => ({
    ...{ a, b, comparable: false, reason, split: null, paired: null, accuracy: null, macroF1: null, perClass: [], subjects: [] },
    ...{ better: 0, worse: 0, equal: 0 },
  });
  if (!a.evaluations.some(isHoldout) || !b.evaluations.some(isHoldout)) return no("not both have answered a holdout yet");
  const both = commonHoldout(a, b);
  if (!both) return no("they were asked about different holdouts");
  const [left, right] = both;
  const [ofA, ofB] = await Promise.all([outcomesOf(platform, a.id, left.snapshot), outcomesOf(platform, b.id, right.snapshot)]);
  const unlike = ofA && ofB ? unlikeWindows(ofA, ofB) : null;
  const byPeople = unlike !== null && (await cutOtherwise(platform, a, b));
  if (unlike !== null && !byPeople) return no(`they did not answer the same windows of the holdout: ${unlike}`);
  const missing = ofA && ofB && byPeople ? unlikePeople(ofA, ofB) : null;
  if (missing !== null) return no(`they did not answer the same people of the holdout: ${missing}`);
  const subjects = ofA && ofB ? pairedSubjects(ofA, ofB) : listedSubjects(left, right);
  const paired = ofA && ofB ? pairedDifference(ofB, ofA) : null;
  return {
    ...{ a, b, comparable: true, reason: null, split: "holdout", paired: paired && (byPeople ? "people" : "windows") },
    accuracy: paired?.accuracy ?? plain(right.metrics.accuracy.value - left.metrics.accuracy.value),
    macroF1: paired?.macroF1 ?? plain(right.metrics.macroF1.value - left.metrics.macroF1.value),
    perClass: left.metrics.perClass.map(({ label, f1 }) => {
      const theirs = right.metrics.perClass.find((entry) => entry.label === label)?.f1 ?? null;
      const known = paired?.perClass.find((entry) => entry.label === label)?.f1;
      return { label, a: f1, b: theirs, difference: known ?? (f1 === null || theirs === null ? null : plain(theirs - f1)) };
    }),
    subjects: subjects.toSorted((x, y) => Math.abs(y.b - y.a) - Math.abs(x.b - x.a)).slice(0, SUBJECTS_LISTED),
    better: subjects.filter((subject) => subject.b > subject.a).length,
    worse: subjects.filter((subject) => subject.b < subject.a).length,
    equal: subjects.filter((subject) => subject.b === subject.a).length,
  };
}

type Subjects = Comparison["subjects"];

function commonHoldout(a: ModelDetail, b: ModelDetail): [Evaluation, Evaluation] | null {
  const ofB = new Map(b.evaluations.filter(isHoldout).map((evaluation) => [evaluation.holdoutSha256, evaluation]));
  for (const left of a.evaluations.filter(isHoldout)) {
    const right = ofB.get(left.holdoutSha256);
    if (right) return [left, right];
  }
  return null;
}

function isHoldout(evaluation: Evaluation): boolean {
  return evaluation.split === "holdout";
}

async function outcomesOf({ db, objects }: Platform, model: string, snapshot: string): Promise<Outcomes | null> {
  const ref = await findOutcomes(db, model, snapshot);
  return ref ? decodeOutcomes(await readFile(await objects.fetch(ref))) : null;
}

/** Whether two models cut the same recordings into other windows; not known, and so no, of one that came without a spec. */
async function cutOtherwise({ db }: Platform, a: ModelDetail, b: ModelDetail): Promise<boolean> {
  const [ofA, ofB] = await Promise.all(
    [a, b].map(async ({ project, specVersion, genome }) => {
      const spec = specVersion === null ? undefined : await findSpec(db, project, specVersion);
      return spec && cutKey(spec.body, genome);
    }),
  );
  return ofA !== undefined && ofB !== undefined && ofA !== ofB;
}

/** Accuracy of each on its own labelled windows of each person; people who have some with both. */
function pairedSubjects(a: Outcomes, b: Outcomes): Subjects {
  const ofB = new Map(accuracies(b).map(({ subject, accuracy }) => [subject, accuracy]));
  return accuracies(a).flatMap(({ subject, windows, accuracy }) => {
    const other = ofB.get(subject);
    return other === undefined ? [] : [{ subject, windows, a: accuracy, b: other }];
  });
}

function accuracies({ subjects, subject, actual, predicted }: Outcomes): { subject: string; windows: number; accuracy: number }[] {
  const [windows, right] = [new Int32Array(subjects.length), new Int32Array(subjects.length)];
  for (let window = 0; window < actual.length; window += 1) {
    if (actual[window]! < 0) continue;
    windows[subject[window]!]! += 1;
    if (actual[window] === predicted[window]) right[subject[window]!]! += 1;
  }
  return subjects.flatMap((name, person) =>
    windows[person]! > 0 ? [{ subject: name, windows: windows[person]!, accuracy: right[person]! / windows[person]! }] : [],
  );
}

/** The same from what both evaluations list, for want of the answers. */
function listedSubjects(left: Evaluation, right: Evaluation): Subjects {
  const theirs = new Map(right.metrics.subjects.map(({ subject, accuracy }) => [subject, accuracy]));
  return left.metrics.subjects.flatMap(({ subject, windows, accuracy }) => {
    const other = theirs.get(subject);
    return other === undefined ? [] : [{ subject, windows, a: accuracy, b: other }];
  });
}

function plain(value: number): Estimate {
  return { value, low: null, high: null };
}
