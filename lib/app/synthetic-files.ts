import { SensorloopError } from "../domain/errors.ts";
import type { Recording } from "../domain/recording.ts";
import { channelsOf, type FilesSpec, type Origin, type Spec } from "../domain/spec.ts";
import { nameMatching } from "./matching-name.ts";

export interface SyntheticFile {
  readonly name: string;
  readonly text: string;
  readonly rows: number;
}

/** What identifies a recording, in the spelling of files. */
interface Identity {
  /** Preferred first: the id, then a number and a word for patterns that take nothing else. */
  readonly subject: readonly string[];
  readonly recording: readonly string[];
  readonly label: string;
}

/** Numbers of made-up people begin here, so that they look like nobody's. */
const FIRST_NUMBER = 900_000;

/**
 * The files of a made-up recording as the spec's own devices would send them: their columns, units, clocks, labels and
 * names.
 * @param person, number of the recording: both from 0
 * @throws SensorloopError REQUEST_INVALID where the spec's files are of a kind that cannot be written
 */
export function filesOfRecording(spec: Spec, recording: Recording, person: number, number: number): SyntheticFile[] {
  const label = recording.labels[0]?.label ?? "";
  const identity: Identity = {
    subject: [recording.subject, String(FIRST_NUMBER + person), lettersOf(person)],
    recording: [recording.recording, String(FIRST_NUMBER + number), lettersOf(number)],
    label: Object.entries(spec.labels.map).find(([, name]) => name === label)?.[0] ?? label,
  };
  const entries = entriesFor(spec);
  const files = entries.map((files) => samplesFile(spec, files, recording, identity));
  const intervals = spec.files.find(({ role }) => role === "intervals");
  const labelled = entries.some((files) => files.label !== undefined);
  return intervals && !labelled ? [...files, intervalsFile(intervals, recording, identity)] : files;
}

function lettersOf(number: number): string {
  return `synthetic${[...String(number)].map((digit) => "abcdefghij"[Number(digit)]).join("")}`;
}

/** The spec's kinds of files that together hold all channels. Those of named people come before those of nobody in particular. */
function entriesFor(spec: Spec): FilesSpec[] {
  const missing = new Set(channelsOf(spec));
  const samples = spec.files.filter(({ role }) => role === "samples");
  const chosen: FilesSpec[] = [];
  for (const files of samples.toSorted((a, b) => Number("constant" in a.subject) - Number("constant" in b.subject))) {
    const own = Object.keys(files.channels).filter((name) => missing.has(name));
    if (own.length === 0) continue;
    checkWritable(files);
    chosen.push(files);
    for (const name of own) missing.delete(name);
  }
  return chosen;
}

function checkWritable({ format, match }: FilesSpec): void {
  const what =
    format.type !== "csv"
      ? `type ${format.type}`
      : format.unfold
        ? "several samples a row"
        : format.encoding === "utf-8"
          ? ""
          : format.encoding;
  if (what === "") return;
  throw new SensorloopError("REQUEST_INVALID", `files with ${what} can be read but not made up (pattern '${match}')`, { facts: { match } });
}

function samplesFile(spec: Spec, files: FilesSpec, recording: Recording, identity: Identity): SyntheticFile {
  const cells = identityCells(files, identity);
  const channels = Object.entries(files.channels).map(([name, { column, scale }]) => ({
    column: column ?? name,
    scale,
    values: recording.channels.get(name)!,
  }));
  const taken = channels.find(({ column }) => cells.has(column));
  if (taken) {
    throw new SensorloopError("REQUEST_INVALID", `'${taken.column}' is a channel and says who somebody is: such files cannot be made up`, {
      facts: { column: taken.column },
    });
  }
  const { time, format } = files;
  const timed = time.kind === "column" ? [time.column] : [];
  const columns = columnsOf(files, [...timed, ...cells.keys(), ...channels.map(({ column }) => column)]);
  const rateHz = files.rateHz ?? spec.rateHz;
  // Files slower or faster than the recording get the sample that is nearest.
  const rows = Math.max(1, Math.floor((recording.length * rateHz) / spec.rateHz));
  const empty = format.nulls[0] ?? "";
  const places = columns.map((column) => channels.find((channel) => channel.column === column));
  const line = (row: number) => {
    const at = Math.min(recording.length - 1, Math.round((row * spec.rateHz) / rateHz));
    return columns.map((column, place) => {
      const channel = places[place];
      if (channel) return Number.isNaN(channel.values[at]) ? empty : String(Math.fround(channel.values[at]! / channel.scale));
      if (time.kind === "column" && column === time.column) return stamp(time.format, recording.startUs + (row * 1e6) / rateHz);
      return cells.get(column) ?? empty;
    });
  };
  const text = linesOf(
    files,
    columns,
    Array.from({ length: rows }, (_, row) => line(row)),
  );
  return { name: nameOf(files, identity), text, rows };
}

function intervalsFile(files: FilesSpec, recording: Recording, identity: Identity): SyntheticFile {
  checkWritable(files);
  const { from, to, unit, base } = files.interval!;
  const perSample = unit === "sample" ? 1 : unit === "ms" ? 1000 / recording.rateHz : 1 / recording.rateHz;
  const cells = identityCells(files, identity);
  const columns = columnsOf(files, [...cells.keys(), from, to]);
  // Both ends are included.
  const ends = new Map([
    [from, String(base)],
    [to, String(base + (recording.length - 1) * perSample)],
  ]);
  const text = linesOf(files, columns, [columns.map((column) => ends.get(column) ?? cells.get(column) ?? "")]);
  return { name: nameOf(files, identity), text, rows: 1 };
}

/** Values of the columns that say who, what and which: the same in all rows of a file. */
function identityCells({ subject, recording, label, only }: FilesSpec, identity: Identity): Map<string, string> {
  const cells = new Map(Object.entries(only).map(([column, values]) => [column, values[0]!]));
  const put = (origin: Origin | undefined, value: string) => {
    if (origin && "column" in origin && !cells.has(origin.column)) cells.set(origin.column, value);
    // A tuple is one identity: its first column that is still free says it, the others are alike for all.
    if (!origin || !("columns" in origin)) return;
    const free = origin.columns.filter((column) => !cells.has(column));
    for (const [index, column] of free.entries()) cells.set(column, index === 0 ? value : "0");
  };
  put(subject, identity.subject[1]!);
  put(label, identity.label);
  put(recording, identity.recording[1]!);
  return cells;
}

function columnsOf({ format, extra }: FilesSpec, needed: readonly string[]): string[] {
  return [...new Set(format.columns && format.headerRows === 0 ? format.columns : [...needed, ...extra])];
}

function linesOf({ format }: FilesSpec, columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const { delimiter, quote, headerRows, rowEnd = "" } = format;
  const cell = (text: string) => (quote && text.includes(delimiter) ? `${quote}${text}${quote}` : text);
  const line = (cells: readonly string[]) => `${cells.map(cell).join(delimiter)}${rowEnd}\n`;
  const header = [columns, columns.map(() => "text")].slice(0, headerRows);
  return [...header, ...rows].map(line).join("");
}

/** In a folder of the recording's own where the pattern allows one: many patterns have no place for a name. */
function nameOf({ match, subject, recording, label }: FilesSpec, identity: Identity): string {
  const wanted: Record<string, readonly string[]> = {};
  const put = (origin: Origin | undefined, values: readonly string[]) => {
    if (origin && "fileName" in origin) wanted[origin.fileName] = values;
  };
  put(subject, identity.subject);
  put(recording, identity.recording);
  put(label, [identity.label]);
  const name = nameMatching(match, wanted);
  const inFolder = `${identity.recording[0]}/${name}`;
  const groups = (text: string) => JSON.stringify(new RegExp(match).exec(text)?.groups ?? {});
  return new RegExp(match).test(inFolder) && groups(inFolder) === groups(name) ? inFolder : name;
}

function stamp(format: Extract<FilesSpec["time"], { kind: "column" }>["format"], us: number): string {
  if (format === "iso") return new Date(us / 1000).toISOString();
  const whole = Math.round(us / { s: 1e6, ms: 1e3, us: 1, ns: 1 }[format]);
  return format === "ns" ? `${whole}000` : format === "s" ? String(us / 1e6) : String(whole);
}
