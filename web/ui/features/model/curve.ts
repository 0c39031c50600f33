export interface Curve {
  readonly epochs: readonly number[];
  /** One line per recorded figure, null where an epoch has none. */
  readonly lines: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
}

/** What the trainer recorded, epoch by epoch, as lines; null with fewer than two epochs or nothing numeric. */
export function curveOf(records: readonly Readonly<Record<string, unknown>>[]): Curve | null {
  if (records.length < 2) return null;
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))].filter(
    (name) => !["epoch", "seconds", "learningRate", "rows"].includes(name) && records.some((record) => Number.isFinite(record[name])),
  );
  if (names.length === 0) return null;
  return {
    epochs: records.map((record, index) => (typeof record["epoch"] === "number" ? record["epoch"] : index + 1)),
    lines: names.map((name) => ({
      name,
      values: records.map((record) => (typeof record[name] === "number" && Number.isFinite(record[name]) ? record[name] : null)),
    })),
  };
}
