import type { Column, Values } from "./space.ts";

/** Count, mean and sum of squared distances from it, of each value of some windows (Welford 1962). */
interface Moments {
  readonly count: Float64Array;
  readonly mean: Float64Array;
  readonly squares: Float64Array;
}

interface PersonMoments {
  /** Of every second pair of windows each: neighbours overlap, and would be alike in either half. */
  readonly halves: readonly [Moments, Moments];
  windows: number;
}

/** A statistic of one value of the windows. */
interface Candidate {
  readonly name: string;
  readonly column: number;
  readonly kind: "mean" | "sd";
}

/** Statistics kept of a person: as many as tell people apart, few enough for a clear picture. */
const TELLING = 12;
/** Rank correlation of two halves of the same people's windows from which a statistic is theirs and not chance's (Nunnally 1978). */
const RELIABLE = 0.7;
/** Rank correlation of two statistics from which one of them says nothing new. */
const SAME = 0.9;
/** People from whom a rank correlation says anything. */
const LEAST_PEOPLE = 4;

/** What people's windows say of them: mean and standard deviation of `names`, values that each window has. */
export class PersonStatistics {
  readonly names: readonly string[];
  readonly #people = new Map<string, PersonMoments>();

  constructor(names: readonly string[]) {
    this.names = names;
  }

  /** @param values of one window, in the order of `names`; what is not finite is left out */
  add(person: string, values: ArrayLike<number>): void {
    const width = this.names.length;
    let known = this.#people.get(person);
    if (!known) this.#people.set(person, (known = { halves: [noMoments(width), noMoments(width)], windows: 0 }));
    const { count, mean, squares } = known.halves[(known.windows++ >> 1) % 2]!;
    for (let column = 0; column < width; column++) {
      const value = values[column]!;
      if (!Number.isFinite(value)) continue;
      const distance = value - mean[column]!;
      count[column]!++;
      mean[column]! += distance / count[column]!;
      squares[column]! += distance * (value - mean[column]!);
    }
  }

  /** Every statistic of a person by the name of its column; null where there was no value, or for a deviation only one. */
  of(person: string): Values {
    const known = this.#people.get(person);
    if (!known) return {};
    return Object.fromEntries(this.#candidates().map((candidate) => [columnName(candidate), ofBoth(known, candidate)]));
  }

  /**
   * The statistics that tell these people apart best, a dozen at most: those in which two halves of each one's windows
   * agree best on who is who, and of which none says again what one before it says. Labels are not looked at, since
   * whoever is assigned later has none.
   */
  telling(): { readonly columns: readonly Column[]; readonly names: readonly string[] } {
    const people = [...this.#people.values()];
    const ranked = this.#candidates()
      .map((candidate) => ({ candidate, values: people.map((person) => ofBoth(person, candidate)), share: reliability(people, candidate) }))
      .filter(({ share }) => share >= RELIABLE)
      .sort((a, b) => b.share - a.share);
    const chosen: typeof ranked = [];
    for (const next of ranked) {
      if (chosen.length === TELLING) break;
      if (chosen.every(({ values }) => Math.abs(rankCorrelation(values, next.values) ?? 0) <= SAME)) chosen.push(next);
    }
    return {
      columns: chosen.map(({ candidate }) => ({ name: columnName(candidate), scale: "robust" })),
      names: [...new Set(chosen.map(({ candidate }) => candidate.name))],
    };
  }

  #candidates(): Candidate[] {
    return this.names.flatMap((name, column) => [
      { name, column, kind: "mean" },
      { name, column, kind: "sd" },
    ]);
  }
}

function noMoments(width: number): Moments {
  return { count: new Float64Array(width), mean: new Float64Array(width), squares: new Float64Array(width) };
}

function columnName({ name, kind }: Candidate): string {
  return `${name} ${kind}`;
}

/** Agreement of the halves; 1 where people have a single window each, which then is all that can be said of them. */
function reliability(people: readonly PersonMoments[], candidate: Candidate): number {
  const [first, second] = [0, 1].map((half) => people.map(({ halves }) => ofOne(halves[half]!, candidate)));
  const agreement = rankCorrelation(first!, second!);
  if (agreement !== null) return agreement;
  return candidate.kind === "mean" && second!.every((value) => value === null) ? 1 : 0;
}

function ofOne(moments: Moments, { column, kind }: Candidate): number | null {
  const count = moments.count[column]!;
  if (kind === "mean") return count > 0 ? moments.mean[column]! : null;
  return count > 1 ? Math.sqrt(moments.squares[column]! / (count - 1)) : null;
}

/** Of both halves together (Chan, Golub and LeVeque 1979). */
function ofBoth({ halves: [one, other] }: PersonMoments, { column, kind }: Candidate): number | null {
  const [left, right] = [one.count[column]!, other.count[column]!];
  const count = left + right;
  if (count === 0) return null;
  const apart = other.mean[column]! - one.mean[column]!;
  if (kind === "mean") return one.mean[column]! + (apart * right) / count;
  if (count === 1) return null;
  return Math.sqrt((one.squares[column]! + other.squares[column]! + (apart * apart * left * right) / count) / (count - 1));
}

/** Spearman's, over those of whom both are known; null where these are too few or all alike in one of the two. */
function rankCorrelation(one: readonly (number | null)[], other: readonly (number | null)[]): number | null {
  const both = one.flatMap((value, index) => (value === null || other[index] == null ? [] : [[value, other[index]] as const]));
  if (both.length < LEAST_PEOPLE) return null;
  const [x, y] = [ranksOf(both.map(([value]) => value)), ranksOf(both.map(([, value]) => value))];
  const middle = (both.length - 1) / 2;
  const product = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, rank, index) => sum + (rank - middle) * (b[index]! - middle), 0);
  const spread = Math.sqrt(product(x, x) * product(y, y));
  return spread > 0 ? product(x, y) / spread : null;
}

/** From 0; those alike share the mean of their ranks. */
function ranksOf(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let at = from; at < to; at++) ranks[order[at]!] = (from + to - 1) / 2;
    from = to;
  }
  return ranks;
}
