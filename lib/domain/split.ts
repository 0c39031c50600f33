import { SensorloopError } from "./errors.ts";
import { isSynthetic } from "./recording-id.ts";
import type { SplitSpec } from "./spec.ts";

export type Side = "train" | "validation" | "holdout";

/** A subject or recording to be put on one side of the split. `name` is the id that the spec uses, `id` the one that data carries. */
export interface SplitUnit {
  readonly id: string;
  readonly name: string;
  /** Where units stand in line for the holdout: any even, seeded order, e.g. a hash of seed and name. */
  readonly rank: string;
  /** Units with the same bond hold the same samples under several names: they are kept on one side. */
  readonly bond?: string;
  /** All labels it has are of people who labelled it here; no file says anything of it. */
  readonly byPeople?: boolean;
}

/**
 * Puts every real unit on exactly one side. Whoever had a side keeps it, so that a champion is never measured on someone it
 * learned from; newcomers fill the sides up to their shares in order of rank. Whoever is labelled by people alone learns,
 * unless the spec names them elsewhere: the holdout stays as it is however much is labelled. Whoever was made up is on no side.
 * @throws SensorloopError SPLIT_IMPOSSIBLE when a side would stay empty or a named unit does not exist
 */
export function assignSplit(seen: readonly SplitUnit[], spec: SplitSpec, earlier: ReadonlyMap<string, Side>): Map<string, Side> {
  const units = seen.filter(({ id }) => !isSynthetic(id));
  const groups = [...Map.groupBy(units, (unit) => unit.bond ?? unit.id).values()];
  const sides = new Map<string, Side>();
  const put = (group: readonly SplitUnit[], side: Side) => group.forEach((unit) => sides.set(unit.id, side));
  const isPut = ([first]: readonly SplitUnit[]) => first !== undefined && sides.has(first.id);
  const named = { holdout: nameSet(spec.holdout), validation: nameSet(spec.validation) };
  for (const side of ["holdout", "validation"] as const) {
    const names = named[side];
    if (!names) continue;
    const matching = groups.filter((group) => !isPut(group) && group.some((unit) => names.has(unit.name)));
    if (matching.length === 0) throw impossible(`none of the ${names.size} named for ${side} is in the data`, { side });
    for (const group of matching) put(group, side);
  }
  for (const group of groups) {
    const kept = group.map((unit) => earlier.get(unit.id)).find((side) => side !== undefined);
    // A list in the spec outranks the past: whoever is listed goes there, and nobody else does.
    if (!isPut(group) && kept && (kept === "train" || !named[kept])) put(group, kept);
  }
  // Nor do they count for the shares, or the labels of some would move others into the holdout.
  const late = groups.filter((group) => group.every((unit) => unit.byPeople));
  const shared = units.length - late.reduce((sum, group) => sum + group.length, 0);
  for (const group of late) if (!isPut(group)) put(group, "train");
  const line = groups
    .filter((group) => !isPut(group))
    .map((group) => ({ group, rank: rankOf(group) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0));
  let next = 0;
  const count = (side: Side) => [...sides.values()].filter((value) => value === side).length;
  fill("holdout", spec.holdout, shared);
  fill("validation", spec.validation, shared - count("holdout"));
  while (next < line.length) put(line[next++]!.group, "train");
  for (const side of ["train", "validation", "holdout"] as const) {
    if (count(side) === 0) {
      throw impossible(`${units.length} ${spec.by}s are too few: nothing would be left for ${side}`, { side, units: units.length });
    }
  }
  return sides;

  function fill(side: "holdout" | "validation", share: SplitSpec["holdout"], of: number): void {
    if (typeof share !== "number") return;
    let wanted = Math.max(1, Math.round(share * of)) - count(side);
    while (wanted > 0 && next < line.length) {
      const { group } = line[next++]!;
      put(group, side);
      wanted -= group.length;
    }
  }
}

/** A group stands where its first member would. */
function rankOf(group: readonly SplitUnit[]): string {
  return group.reduce((least, unit) => (unit.rank < least ? unit.rank : least), group[0]?.rank ?? "");
}

function nameSet(side: SplitSpec["holdout"]): ReadonlySet<string> | undefined {
  return typeof side === "number" ? undefined : new Set(side);
}

function impossible(why: string, facts: Record<string, unknown>): SensorloopError {
  return new SensorloopError("SPLIT_IMPOSSIBLE", why, { facts });
}
