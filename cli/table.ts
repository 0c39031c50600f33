/** Rows as text in columns, for a terminal: names on top, numbers to the right, nothing where a value is missing. */
export function table<Row extends object>(rows: readonly Row[], columns: readonly (keyof Row & string)[], empty: string): string {
  if (rows.length === 0) return empty;
  const cells = rows.map((row) => columns.map((column) => cell(row[column])));
  const widths = columns.map((column, at) => Math.max(column.length, ...cells.map((line) => line[at]!.length)));
  const right = columns.map((column) => rows.every((row) => typeof row[column] === "number" || row[column] == null));
  const line = (values: readonly string[]) =>
    values
      .map((value, at) => (right[at] ? value.padStart(widths[at]!) : value.padEnd(widths[at]!)))
      .join("  ")
      .trimEnd();
  return [line(columns), ...cells.map(line)].join("\n");
}

/** Names and values below each other; what is missing is left out. */
export function sheet(values: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${cell(value)}`).join("\n");
}

/** Shares as people read them: `93.4 %`. */
export function percent(value: number | null | undefined): string | null {
  return value === null || value === undefined ? null : `${(100 * value).toFixed(1)} %`;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return Number.isInteger(value) ? value.toLocaleString("en-US") : value.toFixed(3);
  return typeof value === "string" ? printable(value) : typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Text of others (file names, raw rows) must not steer the terminal it is shown on. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd");
}
