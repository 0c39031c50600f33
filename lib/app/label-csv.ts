import { parse } from "csv-parse/sync";
import { SensorloopError } from "../domain/errors.ts";
import { refusal, takeForeign, type ForeignLabels } from "../domain/labels/foreign.ts";
import type { LabelDocument } from "../domain/labels/label-document.ts";
import { csvCell, textOfCell } from "./csv-cell.ts";

const COLUMNS = ["subject", "recording", "from", "to", "class", "by", "authority", "at", "rateHz", "id"] as const;
const NEEDED = ["subject", "recording", "from", "to", "class"] as const;
const NUMBERS: readonly string[] = ["from", "to", "rateHz"];

const END = "\r\n";

/** One line a label under a header of names. Cells that a spreadsheet would run begin with an apostrophe. */
export const labelCsv: LabelDocument = {
  head: COLUMNS.join(",") + END,
  between: "",
  tail: "",
  recordings: (labels) => labels.map((label) => COLUMNS.map((column) => csvCell(label[column])).join(",") + END).join(""),
};

/**
 * Columns are found by name; subject, recording, from, to and class must be there, those that are not ours are passed over.
 * @throws SensorloopError REQUEST_INVALID, HEADER_MISMATCH
 */
export function readLabelCsv(text: string): ForeignLabels {
  const read: ForeignLabels = { labels: [], refused: [] };
  const [header, ...rows] = records(text);
  const names = header?.record ?? [];
  const missing = NEEDED.filter((name) => !names.includes(name));
  if (missing.length > 0)
    throw new SensorloopError("HEADER_MISMATCH", `the CSV has no column ${missing.map((name) => `'${name}'`).join(", ")}`, {
      facts: { missing, got: names.slice(0, 50) },
    });
  for (const { record, line } of rows) {
    const place = { line, where: "" };
    if (record.length !== names.length) {
      read.refused.push(refusal(place, "REQUEST_INVALID", `it has ${record.length} cells under ${names.length} columns`));
      continue;
    }
    const cells = names.flatMap((name, at) => (record[at] === "" ? [] : [[name, valueOf(name, record[at]!)] as const]));
    takeForeign(read, Object.fromEntries(cells), place);
  }
  return read;
}

function valueOf(column: string, cell: string): string | number {
  if (NUMBERS.includes(column)) return Number(cell);
  return textOfCell(cell);
}

function records(text: string): { readonly record: string[]; readonly line: number }[] {
  try {
    const options = { bom: true, skip_empty_lines: true, relax_column_count: true, info: true, max_record_size: 100_000 } as const;
    const rows = parse(text, options) as unknown as { record: string[]; info: { lines: number } }[];
    return rows.map(({ record, info }) => ({ record, line: info.lines }));
  } catch (cause) {
    throw new SensorloopError("REQUEST_INVALID", `the CSV cannot be read: ${(cause as Error).message}`, { cause });
  }
}
