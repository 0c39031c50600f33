import { z } from "zod";
import { nearMiss } from "./near-miss.ts";
import { specSchema, type Spec } from "./spec.ts";

export type SpecPath = readonly (string | number)[];

/** One thing wrong with a spec's value, before it is known where in the text it stands. */
export interface ValueProblem {
  readonly path: SpecPath;
  /** Whether the key itself is wrong, or what stands under it; says what to point at. */
  readonly at: "key" | "value";
  readonly message: string;
  readonly expected?: string;
  readonly got?: string;
  readonly suggestion?: string;
}

type Issue = z.core.$ZodIssue;
type Schema = z.core.$ZodType;

/** Checks a parsed YAML value against the spec's schema and gives every problem, not only the first. */
export function checkSpecValue(value: unknown): { readonly spec: Spec } | { readonly problems: readonly ValueProblem[] } {
  const parsed = specSchema.safeParse(value);
  if (parsed.success) return { spec: parsed.data };
  const problems = parsed.error.issues.flatMap((issue) => explain(issue, value));
  const renamed = new Set(
    problems.flatMap((problem) =>
      problem.at === "key" && problem.suggestion ? [keyOf([...problem.path.slice(0, -1), problem.suggestion])] : [],
    ),
  );
  // A misspelt key is one mistake, not two: what it was meant to be is not reported as missing beside it.
  const reported = problems.filter((problem) => !(problem.got === "nothing" && renamed.has(keyOf(problem.path))));
  const whole = parsed.error.issues.every((issue) => issue.code === "custom");
  return { problems: whole ? reported : [...reported, ...hiddenBehind(value, reported)] };
}

/**
 * Zod skips the checks between parts of a spec while any part is wrong, and does not look under an unknown key. So what
 * can be mended without guessing (a misspelt key, a bad value of an optional field) is mended in a copy, and that is
 * checked again. Problems between parts stay hidden only while a required value is missing or bad.
 */
function hiddenBehind(value: unknown, problems: readonly ValueProblem[]): ValueProblem[] {
  const mended: unknown = structuredClone(value);
  const renames = mend(mended, problems);
  const found: ValueProblem[] = [];
  // The first look finds what stood under misspelt keys; with that mended too, the second finds what is left.
  for (const look of ["under", "between"] as const) {
    const again = specSchema.safeParse(mended);
    if (again.success) return found;
    const between = again.error.issues.every((issue) => issue.code === "custom");
    const open = again.error.issues.flatMap((issue) => explain(issue, mended));
    const news = between ? open : look === "under" ? open.filter((problem) => renameOf(problem.path, renames)) : [];
    found.push(...news.map((problem) => ({ ...problem, path: asWritten(problem.path, renames) })));
    if (between) return found;
    renames.push(...mend(mended, news));
  }
  return found;
}

interface Rename {
  readonly parent: SpecPath;
  readonly from: string | number;
  readonly to: string;
}

/** Changes `root`: renames misspelt keys to what they were meant to be, makes text of what should be text, drops other bad values. */
function mend(root: unknown, problems: readonly ValueProblem[]): Rename[] {
  const renames: Rename[] = [];
  for (const { path, at, expected, suggestion } of problems) {
    const parent = valueAt(root, path.slice(0, -1));
    const key = path.at(-1);
    if (typeof parent !== "object" || parent === null || key === undefined || !Object.hasOwn(parent, key)) continue;
    const record = parent as Record<string | number, unknown>;
    if (at === "value" && expected?.startsWith("text")) record[key] = String(record[key]);
    else if (!Array.isArray(parent)) {
      if (at === "key" && suggestion && !Object.hasOwn(record, suggestion)) {
        record[suggestion] = record[key];
        renames.push({ parent: path.slice(0, -1), from: key, to: suggestion });
      }
      delete record[key];
    }
  }
  return renames;
}

function renameOf(path: SpecPath, renames: readonly Rename[]): Rename | undefined {
  return renames.find(({ parent, to }) => keyOf(path.slice(0, parent.length + 1)) === keyOf([...parent, to]));
}

function asWritten(path: SpecPath, renames: readonly Rename[]): SpecPath {
  const rename = renameOf(path, renames);
  return rename ? [...rename.parent, rename.from, ...path.slice(rename.parent.length + 1)] : path;
}

function explain(issue: Issue, root: unknown, base: SpecPath = []): ValueProblem[] {
  const path = [...base, ...(issue.path as (string | number)[])];
  const value = valueAt(root, path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey([...path, key], keysAllowed(path, root), valueAt(root, path)));
    case "invalid_type":
      return [mismatch(path, TYPE_NAMES[issue.expected] ?? issue.expected, value)];
    case "invalid_value": {
      const words = issue.values.map(String);
      const suggestion = typeof value === "string" ? nearMiss(value, words) : undefined;
      return [mismatch(path, oneOf(words), value, suggestion)];
    }
    case "too_small":
      return [mismatch(path, bound(issue.origin, "at least", "more than", issue.minimum, issue.inclusive ?? true), value)];
    case "too_big":
      return [mismatch(path, bound(issue.origin, "at most", "less than", issue.maximum, issue.inclusive ?? true), value)];
    case "invalid_format":
      return [mismatch(path, formatName(issue), value)];
    case "invalid_key":
      return [{ ...mismatch(path, issue.issues[0]?.message ?? "a valid key", path.at(-1)), at: "key" }];
    case "invalid_element":
      return issue.issues.flatMap((inner) => explain(inner, root, path));
    case "invalid_union":
      return explainUnion(issue, root, path);
    default:
      return [{ path, at: value === undefined ? "key" : "value", message: issue.message }];
  }
}

/** Reports the option that the value comes nearest to, or all options where it comes near none. */
function explainUnion(issue: z.core.$ZodIssueInvalidUnion, root: unknown, path: SpecPath): ValueProblem[] {
  const value = valueAt(root, path);
  if (issue.errors.length === 0) {
    const words = "options" in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
    return [mismatch(path, oneOf(words), value, typeof value === "string" ? nearMiss(value, words) : undefined)];
  }
  const options = issue.errors.map((issues) => issues.flatMap((inner) => explain(inner, root, path)));
  const whole = options.every((problems) => problems.length === 1 && problems[0]!.path.length === path.length);
  if (whole) return [mismatch(path, [...new Set(options.map((problems) => problems[0]!.expected))].join(" or "), value)];
  const keys = keysAllowed(path, root);
  const known = typeof value === "object" && value !== null ? Object.keys(value).filter((key) => keys.includes(key)) : [];
  if (known.length === 0) {
    const near = typeof value === "object" && value !== null ? Object.keys(value).filter((key) => nearMiss(key, keys)) : [];
    if (near.length > 0) return near.map((key) => unknownKey([...path, key], keys, value));
    return [mismatch(path, `a mapping with ${oneOf(keys)}`, value)];
  }
  return options.reduce((best, problems) => (problems.length < best.length ? problems : best));
}

function unknownKey(path: SpecPath, allowed: readonly string[], parent: unknown): ValueProblem {
  const taken = new Set(typeof parent === "object" && parent !== null ? Object.keys(parent) : []);
  const suggestion = nearMiss(
    String(path.at(-1)),
    allowed.filter((key) => !taken.has(key)),
  );
  const hint = suggestion ? `did you mean \`${suggestion}\`?` : `allowed here: ${allowed.join(", ")}`;
  return { path, at: "key", message: `unknown key \`${String(path.at(-1))}\`; ${hint}`, ...(suggestion ? { suggestion } : {}) };
}

function mismatch(path: SpecPath, expected: string, value: unknown, suggestion?: string): ValueProblem {
  const got = describe(value);
  if (value === undefined)
    return { path, at: "key", message: `\`${String(path.at(-1) ?? "spec")}\` is missing: expected ${expected}`, expected, got };
  const quote = expected.startsWith("text") && (typeof value === "number" || typeof value === "boolean" || value === null);
  const hint = suggestion ? `; did you mean \`${suggestion}\`?` : quote ? "; put it in quotes to make it text" : "";
  return { path, at: "value", message: `expected ${expected}, got ${got}${hint}`, expected, got, ...(suggestion ? { suggestion } : {}) };
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "a mapping",
  record: "a mapping",
};

const oneOf = (words: readonly string[]) =>
  words.length === 1 ? `\`${words[0]}\`` : `one of ${words.map((word) => `\`${word}\``).join(", ")}`;

function bound(origin: string, inclusive: string, exclusive: string, limit: number | bigint, included: boolean): string {
  const what = `${included ? inclusive : exclusive} ${String(limit)}`;
  if (origin === "string") return `text of ${what} characters`;
  if (origin === "array" || origin === "set") return `a list of ${what} entries`;
  return `a number of ${what}`;
}

function formatName(issue: z.core.$ZodIssueInvalidStringFormat): string {
  if (issue.format === "url") return "an https address";
  if (issue.format === "includes") return `text that contains \`${String((issue as { includes?: string }).includes)}\``;
  return issue.message;
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return `a mapping (${Object.keys(value).slice(0, 4).join(", ")})`;
  if (typeof value === "string") return `text '${value.length > 40 ? `${value.slice(0, 40)}...` : value}'`;
  return String(value);
}

function valueAt(root: unknown, path: SpecPath): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

/** Keys the schema knows at a path; where alternatives exist, those of all that the value could still be. */
function keysAllowed(path: SpecPath, root: unknown): string[] {
  let schemas: Schema[] = alternatives(specSchema, root);
  for (const [depth, key] of path.entries()) {
    const value = valueAt(root, path.slice(0, depth + 1));
    schemas = schemas.flatMap((schema) => below(schema, key)).flatMap((schema) => alternatives(schema, value));
  }
  return [...new Set(schemas.flatMap((schema) => (schema instanceof z.ZodObject ? Object.keys(schema.shape) : [])))];
}

function below(schema: Schema, key: string | number): Schema[] {
  if (schema instanceof z.ZodObject) return Object.hasOwn(schema.shape, key) ? [schema.shape[key] as Schema] : [];
  if (schema instanceof z.ZodArray) return [schema.element];
  if (schema instanceof z.ZodRecord) return [schema.valueType];
  return [];
}

/** Unwraps defaults and options; of a discriminated union only the option that the value names. */
function alternatives(schema: Schema, value: unknown): Schema[] {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable
  ) {
    return alternatives(schema.unwrap(), value);
  }
  if (!(schema instanceof z.ZodUnion)) return [schema];
  const options = schema.options.flatMap((option) => alternatives(option, value));
  const discriminator = schema instanceof z.ZodDiscriminatedUnion ? schema.def.discriminator : undefined;
  if (discriminator === undefined) return options;
  const named = valueAt(value, [discriminator]);
  const chosen = options.filter(
    (option) =>
      option instanceof z.ZodObject &&
      (option.shape[discriminator] as Schema | undefined) !== undefined &&
      z.safeParse(option.shape[discriminator] as Schema, named).success,
  );
  return chosen.length > 0 ? chosen : options;
}

const keyOf = (path: SpecPath) => JSON.stringify(path);
