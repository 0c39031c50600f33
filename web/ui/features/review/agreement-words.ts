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

export interface PairMatrix {
  readonly accounts: readonly string[];
  /** By row, then by column; null on the diagonal and where two have no sample in common. */
  readonly cells: readonly (readonly ({ readonly kappa: number | null; readonly items: number } | null)[])[];
}

/** The pairs as a matrix that reads the same both ways. */
export function pairMatrix(
  pairs: readonly { readonly a: string; readonly b: string; readonly kappa: number | null; readonly items: number }[],
): PairMatrix {
  const accounts = [...new Set(pairs.flatMap(({ a, b }) => [a, b]))].toSorted();
  const cells = accounts.map((row) =>
    accounts.map((column) => {
      const pair = pairs.find(({ a, b }) => (a === row && b === column) || (a === column && b === row));
      return row === column || pair === undefined ? null : { kappa: pair.kappa, items: pair.items };
    }),
  );
  return { accounts, cells };
}
