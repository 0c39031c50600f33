import { SensorloopError } from "./errors.ts";
import type { SplitSpec } from "./spec.ts";

export type Side = "train" | "validation" | "holdout";

/** A subject or recording to be put on one side of the split. `name` is the id that the spec uses, `id` the one that data carries. */
export interface SplitUnit {
  readonly id: string;
  readonly name: string;
  /** Where units stand in line for the holdout: any even, seeded order, e.g. a hash of seed and name. */
  readonly rank: string;
}

/**
 * Puts every unit on exactly one side. Whoever had a side keeps it, so that a champion is never measured on someone it
 * learned from; newcomers fill the sides up to their shares in order of rank.
 * @throws SensorloopError SPLIT_IMPOSSIBLE when a side would stay empty or a named unit does not exist
 */
export function assignSplit(units: readonly SplitUnit[], spec: SplitSpec, earlier: ReadonlyMap<string, Side>): Map<string, Side> {
  const sides = new Map<string, Side>();
  const named = { holdout: nameSet(spec.holdout), validation: nameSet(spec.validation) };
  for (const side of ["holdout", "validation"] as const) {
    const names = named[side];
    if (!names) continue;
    const matching = units.filter((unit) => names.has(unit.name));
    if (matching.length === 0) throw impossible(`none of the ${names.size} named for ${side} is in the data`, { side });
    for (const unit of matching) sides.set(unit.id, side);
  }
  for (const unit of units) {
    const kept = earlier.get(unit.id);
    // A list in the spec outranks the past: whoever is listed goes there, and nobody else does.
    if (!sides.has(unit.id) && kept && (kept === "train" || !named[kept])) sides.set(unit.id, kept);
  }
  const waiting = units.filter((unit) => !sides.has(unit.id)).sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0));
  const count = (side: Side) => [...sides.values()].filter((value) => value === side).length;
  fill("holdout", spec.holdout, units.length);
  fill("validation", spec.validation, units.length - count("holdout"));
  for (const unit of waiting) sides.set(unit.id, "train");
  for (const side of ["train", "validation", "holdout"] as const) {
    if (count(side) === 0)
      throw impossible(`${units.length} ${spec.by}s are too few: nothing would be left for ${side}`, { side, units: units.length });
  }
  return sides;

  function fill(side: "holdout" | "validation", share: SplitSpec["holdout"], of: number): void {
    if (typeof share !== "number") return;
    const wanted = Math.max(1, Math.round(share * of)) - count(side);
    for (const unit of waiting.splice(0, Math.max(0, wanted))) sides.set(unit.id, side);
  }
}

function nameSet(side: SplitSpec["holdout"]): ReadonlySet<string> | undefined {
  return typeof side === "number" ? undefined : new Set(side);
}

function impossible(why: string, facts: Record<string, unknown>): SensorloopError {
  return new SensorloopError("SPLIT_IMPOSSIBLE", why, { facts });
}
