/** What a spreadsheet would run instead of showing it, however often it was made harmless before. */
const FORMULA = /^'*[=+\-@\t\r]/;

/** A cell of a CSV file: text that would be run begins with an apostrophe, and is quoted where it has to be. */
export function csvCell(value: string | number | null): string {
  if (typeof value !== "string") return value === null ? "" : String(value);
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The text that `csvCell` made harmless. */
export function textOfCell(cell: string): string {
  return FORMULA.test(cell) && cell.startsWith("'") ? cell.slice(1) : cell;
}
