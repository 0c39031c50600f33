import type { Person } from "../../../lib/domain/cluster/fit.ts";
import type { Column, Values } from "../../../lib/domain/cluster/space.ts";
import { randomFor } from "../../../lib/domain/random.ts";

export const BOUNDS = { least: 2, most: 6, minSubjects: 4 };

export const columnsOf = (...names: string[]): Column[] => names.map((name) => ({ name, scale: "moments" }));

/** `each` people about every centre, with this spread in both of the columns `a` and `b`. */
export function planted(centres: readonly (readonly [number, number])[], each: number, spread = 1, seed = 1): Person[] {
  return centres.flatMap(([a, b], group) =>
    Array.from({ length: each }, (_, index): Person => {
      const random = randomFor(seed, group, index);
      return person(`g${group}-${String(index).padStart(3, "0")}`, { a: a + spread * random.normal(), b: b + spread * random.normal() });
    }),
  );
}

export const person = (id: string, values: Values, training = true): Person => ({ id, training, values });

/** Three groups that nobody could take for two or four. */
export const THREE: readonly (readonly [number, number])[] = [
  [0, 0],
  [14, 6],
  [6, 14],
];
