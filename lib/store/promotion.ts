import type { Kysely, Transaction } from "kysely";
import { SensorloopError } from "../domain/errors.ts";
import type { JournalEvent } from "../domain/journal.ts";
import { championStack } from "../domain/projections.ts";
import type { Database } from "./database.ts";
import { append, eventsAbout, takeTurn } from "./journal.ts";

const KINDS = ["model.promoted", "model.rolled-back"] as const;

export interface Promotion {
  readonly project: string;
  readonly slot: string;
  readonly model: string;
  /** The champion that was seen when this was decided; null for none. */
  readonly expected: string | null;
  readonly actor: string;
  readonly why: string;
}

/**
 * Makes a trained model the champion of its slot. Of decisions that race, the first wins and the others are told who
 * it was. Promoting the present champion again changes nothing, so a retry after a lost answer is safe.
 * @returns whether the champion changed
 * @throws SensorloopError NOT_FOUND, CONFLICT (facts.champion is the present one)
 */
export async function promote(tx: Transaction<Database>, promotion: Promotion): Promise<boolean> {
  const { project, slot, model, expected, actor, why } = promotion;
  await takeTurn(tx, { table: "champion", key: slot });
  const present = await championOf(tx, slot);
  if (present === model) return false;
  if (present !== expected) throw overtaken(slot, present, expected);
  await checkModel(tx, project, slot, model);
  await append(tx, { kind: "model.promoted", actor, project, payload: { slot, model, previous: present, why } });
  return true;
}

/**
 * Brings back the champion before the present one; again for the one before that.
 * @param expected the champion to be replaced, as it was seen; left out to replace whichever it is
 * @returns the model that serves now
 * @throws SensorloopError NO_CHAMPION, CONFLICT
 */
export async function rollback(
  tx: Transaction<Database>,
  { project, slot, expected, actor, why }: { project: string; slot: string; expected?: string; actor: string; why: string },
): Promise<string> {
  await takeTurn(tx, { table: "champion", key: slot });
  const present = await championOf(tx, slot);
  if (present === null) throw new SensorloopError("NO_CHAMPION", `slot '${slot}' has no champion to roll back`, { facts: { slot } });
  if (expected !== undefined && expected !== present) throw overtaken(slot, present, expected);
  const model = championStack(await eventsAbout(tx, KINDS, slot)).at(-2);
  if (model === undefined)
    throw new SensorloopError("CONFLICT", `slot '${slot}' had no champion before '${present}'`, { facts: { slot, champion: present } });
  await checkModel(tx, project, slot, model);
  await append(tx, { kind: "model.rolled-back", actor, project, payload: { slot, model, previous: present, why } });
  return model;
}

/** Who was champion of a slot at a time, by the journal; null before the first promotion. */
export async function championAt(db: Kysely<Database>, slot: string, time: Date): Promise<string | null> {
  const reign = (await reignsOf(db, slot)).findLast(({ since }) => since <= time);
  return reign?.model ?? null;
}

export interface Reign {
  readonly model: string;
  readonly kind: (typeof KINDS)[number];
  readonly since: Date;
  /** Null while it lasts. */
  readonly until: Date | null;
  readonly by: string;
  readonly why: string;
}

/** The history of a slot, oldest first. */
export async function reignsOf(db: Kysely<Database>, slot: string): Promise<Reign[]> {
  const events = (await eventsAbout(db, KINDS, slot)) as Extract<JournalEvent, { kind: (typeof KINDS)[number] }>[];
  return events.map((event, index) => ({
    model: event.payload.model,
    kind: event.kind,
    since: event.at,
    until: events[index + 1]?.at ?? null,
    by: event.actor,
    why: event.payload.why,
  }));
}

async function championOf(tx: Transaction<Database>, slot: string): Promise<string | null> {
  const row = await tx.selectFrom("champion").select("model").where("slot", "=", slot).executeTakeFirst();
  return row?.model ?? null;
}

async function checkModel(tx: Transaction<Database>, project: string, slot: string, model: string): Promise<void> {
  const row = await tx.selectFrom("model").select(["project", "slot", "state"]).where("id", "=", model).executeTakeFirst();
  if (!row || row.project !== project)
    throw new SensorloopError("NOT_FOUND", `project '${project}' has no model '${model}'`, { facts: { model } });
  if (row.slot !== slot)
    throw new SensorloopError("CONFLICT", `model '${model}' was trained for slot '${row.slot}', not for '${slot}'`, {
      facts: { model, slot: row.slot },
    });
  if (row.state !== "trained")
    throw new SensorloopError("CONFLICT", `model '${model}' is not a trained model (${row.state})`, { facts: { model, state: row.state } });
}

function overtaken(slot: string, present: string | null, expected: string | null): SensorloopError {
  const message = `the champion of '${slot}' is ${present === null ? "none" : `'${present}'`}, not ${expected === null ? "none" : `'${expected}'`} as expected`;
  return new SensorloopError("CONFLICT", message, { facts: { slot, champion: present, expected } });
}
