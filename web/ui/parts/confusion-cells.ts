import type { Metrics } from "../../../lib/domain/metrics-schema.ts";

export interface ConfusionCell {
  readonly count: number;
  /** Of the windows that really are this class; 0 for a class without any. */
  readonly share: number;
  readonly right: boolean;
}

export interface ConfusionRow {
  readonly actual: string;
  readonly support: number;
  readonly cells: readonly ConfusionCell[];
}

/** Actual down, predicted across, in the order the model's classes have. */
export function confusionRows({ classes, counts }: Metrics["confusion"]): ConfusionRow[] {
  return classes.map((actual, row) => {
    const line = counts[row] ?? [];
    const support = line.reduce((sum, count) => sum + count, 0);
    return {
      actual,
      support,
      cells: classes.map((_, column) => {
        const count = line[column] ?? 0;
        return { count, share: support === 0 ? 0 : count / support, right: row === column };
      }),
    };
  });
}

export interface Mistake {
  readonly actual: string;
  readonly predicted: string;
  readonly count: number;
  readonly support: number;
}

/** The pair most often mistaken, by share of its class; null where nothing was. */
export function worstMistake({ classes, counts }: Metrics["confusion"]): Mistake | null {
  const rows = confusionRows({ classes, counts });
  let worst: (Mistake & { share: number }) | null = null;
  for (const row of rows) {
    for (const [column, cell] of row.cells.entries()) {
      if (cell.right || cell.count === 0 || (worst !== null && cell.share <= worst.share)) continue;
      worst = { actual: row.actual, predicted: classes[column] ?? "", count: cell.count, support: row.support, share: cell.share };
    }
  }
  return worst;
}
