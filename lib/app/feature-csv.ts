import { parse } from "csv-parse/sync";
import { SensorloopError } from "../domain/errors.ts";
import type { Platform } from "../platform.ts";
import { biometricIds } from "../store/repositories/profiles.ts";
import { csvCell } from "./csv-cell.ts";
import { joinFeatures } from "./features.ts";

export interface JoinedCsv {
  /** The rows as they came, with a column `set.feature` for each feature behind them. */
  readonly text: string;
  readonly rows: number;
  /** Rows of people whom the project does not have; their features are empty. */
  readonly unknown: number;
}

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const INSTANT = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/**
 * Adds to each line of a CSV file what was known of its subject at its time. Subjects are called as the files call them or
 * by biometric id; times are ISO 8601, in UTC where no offset is said.
 * @param columns the names of the two columns that are read
 * @throws SensorloopError HEADER_MISMATCH, REQUEST_INVALID with the line, and those of `joinFeatures`
 */
export async function joinCsv(
  platform: Pick<Platform, "db">,
  project: string,
  text: string,
  {
    columns,
    sets,
    asOf,
  }: { readonly columns: { readonly subject: string; readonly time: string }; sets?: readonly string[]; asOf?: string },
): Promise<JoinedCsv> {
  const [header = [], ...lines] = recordsOf(text);
  const [subjectAt, timeAt] = [header.indexOf(columns.subject), header.indexOf(columns.time)];
  const missing = [columns.subject, columns.time].filter((name) => !header.includes(name));
  if (missing.length > 0)
    throw new SensorloopError("HEADER_MISMATCH", `the CSV has no column ${missing.map((name) => `'${name}'`).join(" and ")}`, {
      facts: { missing, got: header.slice(0, 50) },
    });
  const times = lines.map((line, index) => instantOf(line[timeAt]!, index + 2));
  const ids = await biometricIds(platform.db, project, [...new Set(lines.map((line) => line[subjectAt]!))]);
  const rows = lines.map((line, index) => ({ subject: ids.get(line[subjectAt]!) ?? "", at: times[index]! }));
  const joined = await joinFeatures(platform, project, { rows, sets, asOf });
  const written = [[...header, ...joined.columns], ...lines.map((line, index) => [...line, ...joined.rows[index]!.values])];
  return {
    text: written.map((cells) => cells.map(cellOf).join(",")).join("\n"),
    rows: lines.length,
    unknown: lines.filter((line) => !ids.has(line[subjectAt]!)).length,
  };
}

/** A measured number may begin with a sign, and is no formula. */
function cellOf(value: string | number | null): string {
  return typeof value === "string" && NUMBER.test(value) ? value : csvCell(value);
}

function recordsOf(text: string): string[][] {
  try {
    return parse(text, { bom: true, skip_empty_lines: true, trim: true, max_record_size: 4_000_000 });
  } catch (cause) {
    throw new SensorloopError("REQUEST_INVALID", `the CSV cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function instantOf(text: string, line: number): string {
  const [, clock, , , offset] = INSTANT.exec(text) ?? [];
  const time = new Date(clock === undefined || offset !== undefined ? text : `${text.replace(" ", "T")}Z`);
  if (!INSTANT.test(text) || Number.isNaN(time.getTime()))
    throw new SensorloopError("REQUEST_INVALID", `line ${line}: '${text.slice(0, 40)}' is no time such as 2025-11-21T08:00:00Z`, {
      facts: { line },
    });
  return time.toISOString();
}
