import { sql } from "kysely";
import { SensorloopError } from "../domain/errors.ts";
import { isErased } from "../store/repositories/erasures.ts";
import type { Db } from "../store/repositories/rows.ts";

/** A stretch of a recording, as someone wants to label it. */
export interface Stretch {
  readonly subject: string;
  readonly recording: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Looks where a label is to lie. A recording is known by its signal, which says how long it is, or by the windows that
 * were predicted of it: by the champions' or by those of the model that the question came from.
 * @param rateHz of the stretch's samples
 * @throws SensorloopError SUBJECT_UNKNOWN, INTERVAL_OUTSIDE (facts.samples is the recording's length)
 */
export async function checkPlace(db: Db, project: string, stretch: Stretch, rateHz: number, model: string | null): Promise<void> {
  const { subject, recording, from, to } = stretch;
  const { rows } = await sql<{ known: boolean; signal: number | null; predicted: number | null }>`
    select exists (select from subject where project = ${project} and biometric_id = ${subject}) as known,
      (select samples * ${rateHz}::float8 / rate_hz from signal where project = ${project} and subject = ${subject} and recording = ${recording}
       order by created_at desc limit 1) as signal,
      (select max(window_to) from prediction where recording = ${recording} and subject = ${subject} and project = ${project}
       and model in (select model from champion where project = ${project} union all select ${model}::text)) as predicted`.execute(db);
  const { known, signal, predicted } = rows[0]!;
  const samples = signal ?? predicted;
  if (!known || samples === null) {
    const what = known ? `recording '${recording}' of subject '${subject}'` : `subject '${subject}'`;
    throw new SensorloopError("SUBJECT_UNKNOWN", `project '${project}' has no ${what}`, { facts: { subject, recording } });
  }
  if (to > Math.round(samples)) {
    throw new SensorloopError("INTERVAL_OUTSIDE", `the recording has ${Math.round(samples)} samples, and ${from} to ${to} lies outside`, {
      facts: { samples: Math.round(samples), from, to },
    });
  }
}

/** @throws SensorloopError SUBJECT_UNKNOWN */
export async function checkNotErased(db: Db, project: string, { subject }: Pick<Stretch, "subject">): Promise<void> {
  if (await isErased(db, project, subject))
    throw new SensorloopError("SUBJECT_UNKNOWN", `subject '${subject}' was erased from project '${project}'`, { facts: { subject } });
}
