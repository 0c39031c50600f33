import { SYNTHETIC_PREFIX } from "../recording-id.ts";
import { cellOf, EVERYBODY, type Cell, type Description } from "../statistics/document.ts";

/** Somebody made up. The id says so, and every recording and window carries it. */
export interface SyntheticPerson {
  readonly id: string;
  readonly index: number;
  readonly cohort: string;
  /** Indices of the classes that they have rows of. */
  readonly classes: readonly number[];
}

/** A class of a cohort that nothing is made up of, or that is made up of other people's statistics, and why. */
export interface LeftOut {
  readonly class: string;
  readonly cohort: string;
  readonly reason: string;
}

/** Of fewer people the statistics would be those of somebody in particular. */
const LEAST_PEOPLE = 3;

/**
 * The statistics that rows of a class are drawn from for a cohort: its own where enough people made them, else everybody's;
 * undefined where even those are too few.
 */
export function sourceCell(description: Description, label: number, cohort: string): Cell | undefined {
  const name = description.classes[label]!;
  return [cellOf(description, name, cohort), cellOf(description, name)].find((cell) => cell && cell.people >= LEAST_PEOPLE);
}

/**
 * Makes people up in the proportions of the description: cohorts by their size, classes as people have them: one each
 * where nobody has two, else each with its share of the people. Dealt out evenly, so that few people are as mixed as many.
 */
export function planPeople(description: Description, count: number): { people: SyntheticPerson[]; leftOut: LeftOut[] } {
  const apart = description.cohorts.filter(({ name }) => name !== EVERYBODY);
  const cohorts = apart.length > 0 ? apart : description.cohorts;
  const labels = description.classes.map((_, label) => label);
  const digits = String(count).length;
  const people: SyntheticPerson[] = [];
  const leftOut: LeftOut[] = [];
  const dealers = cohorts.map(({ name }) => {
    const cells = labels.map((label) => sourceCell(description, label, name));
    for (const label of labels) {
      const reason = reasonOf(description, label, name, cells[label]);
      if (reason) leftOut.push({ class: description.classes[label]!, cohort: name, reason });
    }
    const shares = labels.map((label) => (cells[label] ? (cellOf(description, description.classes[label]!, name)?.people ?? 0) : 0));
    return classDealer(description, name, shares);
  });
  const nextCohort = dealer(cohorts.map((cohort, index) => (dealers[index] ? cohort.people : 0)));
  for (let index = 0; index < count; index++) {
    const place = nextCohort();
    if (place < 0) break;
    const id = `${SYNTHETIC_PREFIX}${String(index + 1).padStart(digits, "0")}`;
    people.push({ id, index, cohort: cohorts[place]!.name, classes: dealers[place]!() });
  }
  return { people, leftOut };
}

function reasonOf(description: Description, label: number, cohort: string, source: Cell | undefined): string | null {
  const own = cellOf(description, description.classes[label]!, cohort)?.people ?? 0;
  if (own === 0) return "nobody has a row of it";
  if (!source) return `${own} ${own === 1 ? "person has" : "people have"} rows of it, which would tell of them; ${LEAST_PEOPLE} are needed`;
  return source.cohort === cohort ? null : `too few people of the cohort have rows of it (${own}); drawn from everybody's statistics`;
}

/** Which classes the next person has; null where there is no class to have. */
function classDealer(description: Description, cohort: string, people: readonly number[]): (() => number[]) | null {
  if (people.every((count) => count === 0)) return null;
  const { classes: held, people: all } = description.cohorts.find(({ name }) => name === cohort)!;
  const next = dealer(people);
  if (held.length <= 1) return () => [next()];
  const takers = people.map((count) => dealer([count, Math.max(0, all - count)]));
  return () => {
    const taken = people.flatMap((count, label) => (count > 0 && takers[label]!() === 0 ? [label] : []));
    return taken.length > 0 ? taken : [next()];
  };
}

/** Deals places out so that after any number of turns each has had its share, give or take one; -1 where no place has any. */
function dealer(shares: readonly number[]): () => number {
  const total = shares.reduce((sum, share) => sum + share, 0);
  const given = shares.map(() => 0);
  let turn = 0;
  return () => {
    turn++;
    let best = -1;
    let most = -Infinity;
    for (const [place, share] of shares.entries()) {
      const owed = (share / total) * turn - given[place]!;
      if (share > 0 && owed > most) [best, most] = [place, owed];
    }
    if (best >= 0) given[best]!++;
    return best;
  };
}
