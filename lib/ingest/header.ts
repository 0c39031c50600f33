import { SensorloopError } from "../domain/errors.ts";
import { nearMiss } from "../domain/near-miss.ts";
import type { FilesSpec, Origin } from "../domain/spec.ts";

/** The cells of one header line: quotes removed as in RFC 4180, blanks around names too. */
export function headerCells(line: string, format: FilesSpec["format"]): string[] {
  const { delimiter, quote } = format;
  const cells: string[] = [];
  let at = 0;
  while (at <= line.length) {
    let cell = "";
    while (line[at] === " " && delimiter === " ") at++;
    const begin = at + (/^[ \t]*/.exec(delimiter === "\t" ? "" : line.slice(at))?.[0].length ?? 0);
    if (quote && line[begin] === quote) {
      at = begin + 1;
      while (at < line.length && (line[at] !== quote || line[at + 1] === quote)) {
        if (line[at] === quote) at++;
        cell += line[at++];
      }
      at++;
    }
    const end = line.indexOf(delimiter, at);
    const to = end < 0 ? line.length : end;
    cells.push((cell + line.slice(at, to)).trim());
    if (end < 0) break;
    at = end + 1;
  }
  return cells;
}

/** Every column that the spec reads from a file of this kind, each once. */
export function columnsRead(files: FilesSpec): string[] {
  const origins = [files.subject, files.recording, files.label].filter((origin) => origin !== undefined);
  return [
    ...new Set([
      ...origins.flatMap(originColumns),
      ...(files.time.kind === "column" ? [files.time.column] : []),
      ...(files.interval ? [files.interval.from, files.interval.to] : []),
      ...Object.entries(files.channels).flatMap(([name, channel]) => channelColumns(files, channel.column ?? name)),
      ...Object.values(files.profile ?? {}),
      ...files.extra,
      ...Object.keys(files.only),
    ]),
  ];
}

function originColumns(origin: Origin): readonly string[] {
  if ("column" in origin) return [origin.column];
  return "columns" in origin ? origin.columns : [];
}

/** The columns that hold a channel: one, or one for each sample of an unfolded row. */
export function channelColumns(files: FilesSpec, column: string): string[] {
  const { unfold } = files.format;
  if (!unfold) return [column];
  return Array.from({ length: unfold.samples }, (_, sample) =>
    unfold.pattern.replaceAll("{channel}", column).replaceAll("{i}", String(sample + 1)),
  );
}

/**
 * Where each column stands that the spec reads. Columns are known by name: their order may differ from other files', and
 * there may be more of them; none may be missing, or stand there twice.
 * @throws SensorloopError HEADER_MISMATCH with the difference
 */
export function locateColumns(name: string, header: readonly string[], wanted: readonly string[]): ReadonlyMap<string, number> {
  const missing = wanted.filter((column) => !header.includes(column));
  const twice = wanted.filter((column) => header.indexOf(column) !== header.lastIndexOf(column));
  if (missing.length === 0 && twice.length === 0) return new Map(wanted.map((column) => [column, header.indexOf(column)]));
  const unexpected = header.filter((column) => !wanted.includes(column));
  const nearest = Object.fromEntries(missing.flatMap((column) => nearEntry(column, unexpected)));
  const parts = [
    ...missing.slice(0, 5).map((column) => `'${column}' is missing${nearest[column] ? ` (is '${nearest[column]}' meant?)` : ""}`),
    ...(missing.length > 5 ? [`${missing.length - 5} more are missing`] : []),
    ...twice.map((column) => `'${column}' stands there twice`),
  ];
  throw new SensorloopError("HEADER_MISMATCH", `the header of ${name} is not the spec's: ${parts.join(", ")}`, {
    facts: { missing: missing.slice(0, 50), unexpected: unexpected.slice(0, 50), nearest, twice },
  });
}

function nearEntry(column: string, candidates: readonly string[]): [string, string][] {
  const near = nearMiss(column, candidates);
  return near === undefined ? [] : [[column, near]];
}
