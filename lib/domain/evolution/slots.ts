import { slotId } from "../ids.ts";
import { sensorsOf, type Spec } from "../spec.ts";

/** Everyone; the cohort that serves whoever belongs to no other. */
export const EVERYONE = "all";

/** What gets a champion of its own: a cohort and the sensors its model may read. */
export interface Slot {
  readonly slot: string;
  readonly cohort: string;
  readonly sensors: readonly string[];
}

export interface CohortSize {
  readonly name: string;
  /** Training subjects in it. */
  readonly training: number;
}

/**
 * The slots of a run, the principal one (everyone, all sensors) first, then those with more sensors. Without `evolve` it
 * is the only one. A cohort too small for a model of its own is served by `all`.
 */
export function slotsOf(spec: Spec, cohorts: readonly CohortSize[]): { readonly slots: readonly Slot[]; readonly left: readonly string[] } {
  const all = sensorsOf(spec);
  const { evolve, project } = spec;
  const principal = { slot: slotId(project, EVERYONE, all), cohort: EVERYONE, sensors: all };
  if (!evolve) return { slots: [principal], left: [] };
  const enough = evolve.cohortSubjects;
  const names = [
    EVERYONE,
    ...cohorts.filter(({ name, training }) => name !== EVERYONE && enough !== null && training >= enough).map(({ name }) => name),
  ];
  const small = cohorts.filter(({ name, training }) => name !== EVERYONE && enough !== null && training < enough);
  const wanted = combinationsOf(all, evolve.sensors).flatMap((sensors) =>
    names.map((cohort) => ({ slot: slotId(project, cohort, sensors), cohort, sensors })),
  );
  const others = wanted.filter(({ slot }) => slot !== principal.slot);
  const slots = [principal, ...others].slice(0, evolve.slots);
  const left = [
    ...small.map(({ name, training }) => `cohort ${name} has ${training} training subjects, fewer than ${enough}: served by '${EVERYONE}'`),
    ...[principal, ...others].slice(evolve.slots).map(({ slot }) => `${slot} is beyond the ${evolve.slots} slots of a run`),
  ];
  return { slots, left };
}

/** Sensor sets, those with most sensors first, then by name. */
function combinationsOf(all: readonly string[], wanted: NonNullable<Spec["evolve"]>["sensors"]): readonly (readonly string[])[] {
  if (wanted === "all") return [all];
  const sets = wanted === "every" ? subsetsOf(all) : wanted.map((set) => [...new Set(set)].sort());
  return sets.toSorted((a, b) => b.length - a.length || (a.join("+") < b.join("+") ? -1 : 1));
}

function subsetsOf(all: readonly string[]): string[][] {
  return all.reduce<string[][]>((sets, sensor) => [...sets, ...sets.map((set) => [...set, sensor])], [[]]).filter((set) => set.length > 0);
}
