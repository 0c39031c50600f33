import type { Champion, Lineage, ModelDetail, ModelSummary, Reign, SlotSummary } from "../domain/api/models.ts";
import type { Page, PageQuery } from "../domain/api/page.ts";
import { SensorloopError } from "../domain/errors.ts";
import type { Platform } from "../platform.ts";
import { promote, reignsOf, rollback } from "../store/promotion.ts";
import * as store from "../store/repositories/models.ts";
import type { Db } from "../store/repositories/rows.ts";
import { needProject } from "./projects.ts";

export async function listModels(
  { db }: Platform,
  project: string,
  query: PageQuery & { slot?: string; run?: string; order?: "newest" | "best" },
): Promise<Page<ModelSummary>> {
  await needProject(db, project);
  return store.listModels(db, project, query);
}

export async function listSlots({ db }: Platform, project: string): Promise<SlotSummary[]> {
  await needProject(db, project);
  return store.listSlotSummaries(db, project);
}

/** The trials of a slot in one run: the one named, else the newest that trained for it. */
export async function showLineage({ db }: Platform, project: string, { slot, run }: { slot: string; run?: string }): Promise<Lineage> {
  await needProject(db, project);
  const runs = await store.listRunsOfSlot(db, project, slot);
  const shown = run ?? runs[0] ?? null;
  return { slot, run: shown, runs, models: shown === null ? [] : await store.listTrials(db, project, slot, shown) };
}

/** @throws SensorloopError NOT_FOUND */
export async function showModel({ db }: Platform, id: string): Promise<ModelDetail> {
  const model = await store.findModel(db, id);
  if (!model) throw noModel(id);
  const reigns = (await reignsOf(db, model.slot)).filter((reign) => reign.model === id).reverse();
  return {
    ...model,
    reigns: reigns.map(({ since, until, by, why }) => ({ since: since.toISOString(), until: until?.toISOString() ?? null, by, why })),
  };
}

/**
 * Makes a model champion of its slot by hand.
 * @param request.expected the champion that was seen, null for none; left out to replace whichever it is
 * @throws SensorloopError NOT_FOUND, CONFLICT
 */
export async function promoteModel(
  { db }: Platform,
  id: string,
  request: { expected?: string | null; why: string },
  actor: string,
): Promise<Champion> {
  const model = await store.findModelSummary(db, id);
  if (!model) throw noModel(id);
  const { project, slot } = model;
  const present = async () => (await store.listChampions(db, project, slot))[0]?.model ?? null;
  const expected = request.expected === undefined ? await present() : request.expected;
  await db.transaction().execute((tx) => promote(tx, { project, slot, model: id, expected, actor, why: request.why }));
  return needChampion(db, project, slot);
}

/**
 * Brings the previous champion of a slot back. `slot` may be left out where the project has only one.
 * @throws SensorloopError NO_CHAMPION, CONFLICT, REQUEST_INVALID (several slots and none named)
 */
export async function rollbackModel(
  { db }: Platform,
  project: string,
  request: { slot?: string; expected?: string; why: string },
  actor: string,
): Promise<Champion> {
  await needProject(db, project);
  const slots = await store.listSlots(db, project);
  if (request.slot !== undefined && !slots.includes(request.slot)) {
    throw new SensorloopError("NO_CHAMPION", `project '${project}' has no champion for slot '${request.slot}'`, {
      facts: { slot: request.slot, slots },
    });
  }
  const [slot, ...others] = request.slot === undefined ? slots : [request.slot];
  if (slot === undefined) throw new SensorloopError("NO_CHAMPION", `project '${project}' has no champion yet`);
  if (others.length > 0)
    throw new SensorloopError("REQUEST_INVALID", "name the slot to roll back: there are several", { facts: { field: "slot", slots } });
  await db.transaction().execute((tx) => rollback(tx, { project, slot, expected: request.expected, actor, why: request.why }));
  return needChampion(db, project, slot);
}

/** Who serves each slot now, or served it at a time. */
export async function listChampions({ db }: Platform, project: string, query: { slot?: string; at?: string } = {}): Promise<Champion[]> {
  await needProject(db, project);
  if (query.at === undefined) return store.listChampions(db, project, query.slot);
  const at = new Date(query.at);
  const slots = query.slot === undefined ? await store.listSlots(db, project) : [query.slot];
  const champions = await Promise.all(
    slots.map(async (slot): Promise<Champion | undefined> => {
      const reign = (await reignsOf(db, slot)).findLast(({ since }) => since <= at);
      const model = reign && (await store.findModelSummary(db, reign.model));
      if (!reign || model?.project !== project) return undefined;
      const { since, by, why } = reign;
      return {
        project,
        slot,
        model: model.id,
        since: since.toISOString(),
        by,
        why,
        accuracy: model.accuracy,
        macroF1: model.macroF1,
      };
    }),
  );
  return champions.filter((champion) => champion !== undefined);
}

/** The history of champions, newest first: of one slot, or of all. */
export async function listReigns({ db }: Platform, project: string, query: { slot?: string } = {}): Promise<Reign[]> {
  await needProject(db, project);
  const slots = (await store.listSlots(db, project)).filter((slot) => query.slot === undefined || slot === query.slot);
  const reigns = await Promise.all(
    slots.map(async (slot) =>
      (await reignsOf(db, slot)).map(({ since, until, ...reign }) => ({
        ...{ slot, ...reign },
        since: since.toISOString(),
        until: until?.toISOString() ?? null,
      })),
    ),
  );
  return reigns.flat().sort((one, other) => (one.since < other.since ? 1 : -1));
}

async function needChampion(db: Db, project: string, slot: string): Promise<Champion> {
  const [champion] = await store.listChampions(db, project, slot);
  if (!champion) throw new SensorloopError("NO_CHAMPION", `slot '${slot}' has no champion`, { facts: { slot } });
  return champion;
}

export function noModel(id: string): SensorloopError {
  return new SensorloopError("NOT_FOUND", `there is no model '${id}'`, { facts: { model: id } });
}
