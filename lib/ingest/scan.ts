/** What staging saw in one file, and what cleaning needs to know before it parses a row. Kept with the file as JSON. */
export type FileScan = {
  /** Physical lines of the staged file; a last line without a newline counts. */
  readonly lines: number;
  /** Names from the first header row, as written but for quotes and outer blanks; null where the spec says there is none. */
  readonly header: readonly string[] | null;
  /** Lines of the staged file before the first line that may hold a row. */
  readonly headerLines: number;
  /** Line number, in the file as it was sent, of the first line after the header. */
  readonly firstDataLine: number;
  /** Empty lines after the header. */
  readonly blankCount: number;
  /** Their numbers in the file as sent, the first `BLANK_LINES_LISTED` of them. */
  readonly blankLines: readonly number[];
  /** Bytes of the longest line, without its newline. */
  readonly longestLine: number;
  /** Whether the quote character of the spec stands anywhere: without it, a line is a row for certain. */
  readonly quotes: boolean;
  /** Encoding and line ends of the file as sent; the staged file is UTF-8 with LF. */
  readonly encoding: "utf-8" | "utf-16le" | "utf-16be" | "latin1";
  readonly newline: "lf" | "crlf" | "cr" | "mixed" | "none";
};

export const BLANK_LINES_LISTED = 1000;

/** The line number in the file as it was sent, from one of the staged file (both from 1). */
export function sentLine(scan: FileScan, stagedLine: number): number {
  return stagedLine - scan.headerLines + scan.firstDataLine - 1;
}
