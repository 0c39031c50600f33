import { SensorloopError } from "../domain/errors.ts";

/** A pattern while it is read. */
interface Cursor {
  readonly pattern: string;
  at: number;
  /** By group: values in order of preference. */
  readonly wanted: Readonly<Record<string, readonly string[]>>;
  /** By group: the value it got. */
  readonly chosen: Map<string, string>;
}

/** Characters to try where a class leaves the choice. */
const TRIED = ["1", "a", "A", "-", "_", ".", " ", "x"];

/**
 * A name that a regular expression matches, with the values wanted in its named groups: the first of each group's that
 * fits there, alone or in place of the last digits of what would stand there (`p1` for a pattern `p\d+` becomes `p12`). Of
 * alternatives the first is taken, of repetitions the fewest; look-around and back-references are not understood.
 * @throws SensorloopError REQUEST_INVALID where no such name is found
 */
export function nameMatching(pattern: string, wanted: Readonly<Record<string, readonly string[]>>): string {
  const cursor: Cursor = { pattern, at: 0, wanted, chosen: new Map() };
  const name = alternatives(cursor);
  const found = cursor.at === pattern.length ? new RegExp(pattern).exec(name) : null;
  const held = [...cursor.chosen].every(([group, value]) => found?.groups?.[group] === value);
  if (!found || !held) throw unmatched(pattern);
  return name;
}

function unmatched(pattern: string): SensorloopError {
  return new SensorloopError("REQUEST_INVALID", `no name for a made-up file could be found that the pattern '${pattern}' matches`, {
    facts: { pattern },
  });
}

/** Up to the end or the bracket that closes; the first alternative counts. */
function alternatives(cursor: Cursor): string {
  const first = sequence(cursor);
  while (cursor.pattern[cursor.at] === "|") {
    cursor.at++;
    sequence(cursor);
  }
  return first;
}

function sequence(cursor: Cursor): string {
  let text = "";
  while (cursor.at < cursor.pattern.length && !"|)".includes(cursor.pattern[cursor.at]!)) {
    const atom = atomOf(cursor);
    const times = fewest(cursor);
    text += atom.fixed ? atom.text : atom.text.repeat(times);
  }
  return text;
}

/** `fixed`: a group with a wanted value stands for itself, whatever quantifier follows. */
function atomOf(cursor: Cursor): { readonly text: string; readonly fixed: boolean } {
  const { pattern, wanted } = cursor;
  const character = pattern[cursor.at++]!;
  if (character === "^" || character === "$") return { text: "", fixed: true };
  if (character === ".") return { text: "x", fixed: false };
  if (character === "\\") return { text: escaped(pattern[cursor.at++] ?? ""), fixed: false };
  if (character === "[") return { text: classOf(cursor), fixed: false };
  if (character !== "(") return { text: character, fixed: false };
  const name = /^\?<([A-Za-z_$][\w$]*)>/.exec(pattern.slice(cursor.at))?.[1];
  if (name !== undefined) cursor.at += name.length + 3;
  else if (pattern.startsWith("?:", cursor.at)) cursor.at += 2;
  else if (pattern[cursor.at] === "?") throw unmatched(pattern);
  const begin = cursor.at;
  const text = alternatives(cursor);
  if (pattern[cursor.at] !== ")") throw unmatched(pattern);
  const inner = new RegExp(`^(?:${pattern.slice(begin, cursor.at++)})$`);
  const values = name === undefined ? undefined : wanted[name];
  if (name === undefined || !values) return { text, fixed: false };
  const value = [...values, ...values.map((part) => text.replace(/\d+$/, part))].find(
    (candidate) => candidate !== text && inner.test(candidate),
  );
  if (value === undefined) throw unmatched(pattern);
  cursor.chosen.set(name, value);
  return { text: value, fixed: true };
}

function escaped(letter: string): string {
  const classes: Readonly<Record<string, string>> = { d: "1", w: "a", s: " ", D: "a", W: "-", S: "a", b: "", B: "", t: "\t" };
  return classes[letter] ?? letter;
}

function classOf(cursor: Cursor): string {
  const begin = cursor.at - 1;
  while (cursor.at < cursor.pattern.length && cursor.pattern[cursor.at] !== "]") cursor.at += cursor.pattern[cursor.at] === "\\" ? 2 : 1;
  const source = cursor.pattern.slice(begin, ++cursor.at);
  const test = new RegExp(`^${source}$`);
  const first = source.replace(/^\[\^?/, "")[0] ?? "";
  return [...TRIED, first].find((character) => test.test(character)) ?? "";
}

/** Reads a quantifier, and says how often at least what stands before it is there. */
function fewest(cursor: Cursor): number {
  const found = /^(?:([*+?])|\{(\d+)(?:,\d*)?\})\??/.exec(cursor.pattern.slice(cursor.at));
  if (!found) return 1;
  cursor.at += found[0].length;
  return found[1] === undefined ? Number(found[2]) : found[1] === "+" ? 1 : 0;
}
