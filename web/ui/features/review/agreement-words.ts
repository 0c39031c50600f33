import { countText } from "../../parts/number-text.ts";

/** Krippendorff's own bounds: from .800 on conclusions can be drawn, from .667 on tentative ones. (Content Analysis, 4th ed., p. 356.) */
export function alphaText(alpha: number | null): string {
  if (alpha === null) return "too few samples with two answers";
  if (alpha >= 0.8) return "reliable";
  return alpha >= 0.667 ? "only tentative conclusions" : "too low to rely on";
}

/** Two figures that chance corrects; their interval is not known, so two digits are all that is claimed. */
export function agreementText(value: number | null): string {
  return value === null
    ? "–"
    : value
        .toFixed(2)
        .replace(/^(-?)0(?=\.)/, "$1")
        .replace("-", "\u2212");
}

interface PairOfClass {
  readonly label: string;
  readonly kappa: number | null;
  readonly items: number;
}

interface Pair {
  readonly kappa: number | null;
  readonly items: number;
  readonly perClass: readonly PairOfClass[];
}

export interface PairMatrix {
  readonly accounts: readonly string[];
  /** By row, then by column; null on the diagonal and where two have no sample in common. */
  readonly cells: readonly (readonly (Pair | null)[])[];
}

/** The class that two agree on least; null where there is no figure for any. */
export function weakestClass({ perClass }: Pair): { readonly label: string; readonly kappa: number } | null {
  const known = perClass.flatMap(({ label, kappa }) => (kappa === null ? [] : [{ label, kappa }]));
  return known.toSorted((left, right) => left.kappa - right.kappa)[0] ?? null;
}

/** The pairs as a matrix that reads the same both ways. */
export function pairMatrix(pairs: readonly (Pair & { readonly a: string; readonly b: string })[]): PairMatrix {
  const accounts = [...new Set(pairs.flatMap(({ a, b }) => [a, b]))].toSorted();
  const cells = accounts.map((row) =>
    accounts.map((column) => {
      const pair = pairs.find(({ a, b }) => (a === row && b === column) || (a === column && b === row));
      return row === column || pair === undefined ? null : { kappa: pair.kappa, items: pair.items, perClass: pair.perClass };
    }),
  );
  return { accounts, cells };
}

/** A pair class by class, for a tooltip. */
export function pairText(a: string, b: string, { items, perClass }: Pair): string {
  const lines = perClass.map(({ label, kappa, items: theirs }) => `${label}: ${agreementText(kappa)} over ${countText(theirs)}`);
  return [`${a} and ${b}: ${countText(items)} samples`, ...lines].join("\n");
}
