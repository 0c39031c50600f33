import { parse } from "csv-parse/sync";
import { SensorloopError } from "../domain/errors.ts";

/**
 * Rows of features from the text of a CSV file with a header; an empty cell, `NaN` and `?` were not measured.
 * @throws SensorloopError REQUEST_INVALID with line and column
 */
export function parseFeatureRows(text: string): Record<string, number | null>[] {
  let records: Record<string, string>[];
  try {
    records = parse(text, { columns: true, bom: true, skip_empty_lines: true, trim: true, max_record_size: 4_000_000 });
  } catch (cause) {
    throw new SensorloopError("REQUEST_INVALID", `the CSV cannot be read: ${(cause as Error).message}`, { cause });
  }
  return records.map((record, index) =>
    Object.fromEntries(
      Object.entries(record).map(([name, cell]) => {
        if (cell === "" || cell === "?" || cell.toLowerCase() === "nan") return [name, null];
        const value = Number(cell);
        if (!Number.isFinite(value)) {
          throw new SensorloopError("REQUEST_INVALID", `line ${index + 2}, column '${name}' is no number`, {
            facts: { line: index + 2, column: name },
          });
        }
        return [name, value];
      }),
    ),
  );
}
