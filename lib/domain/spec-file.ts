import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type Node, type Scalar } from "yaml";
import { SensorloopError } from "./errors.ts";
import { checkSpecValue, type SpecPath } from "./spec-problems.ts";
import type { Spec } from "./spec.ts";

/** Where and why a spec file is refused; lines and columns count from 1. */
export interface SpecProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `files[0].channels.acc_x.unit`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly expected?: string;
  readonly got?: string;
  /** What a misspelt key or value was probably meant to be. */
  readonly suggestion?: string;
}

/** The longest spec known (167 activity names mapped to classes) is 11 KB. */
const MAX_CHARACTERS = 1_000_000;
/** Nodes that aliases may stand for in all; bounds the "billion laughs" of nested aliases. */
const MAX_ALIASES = 100;

/**
 * Reads a spec. The YAML is taken at its safest: 1.2 core types only, keys unique and taken as written, no tags.
 * @param name what the file is called in messages
 * @throws SensorloopError SPEC_INVALID with every problem in `facts.problems` (SpecProblem[])
 */
export function readSpec(text: string, name: string): Spec {
  const lines = new LineCounter();
  const problem = (offset: number, path: SpecPath, rest: Omit<SpecProblem, "file" | "line" | "column" | "path">): SpecProblem => {
    const { line, col } = lines.linePos(offset);
    return { file: name, line: Math.max(1, line), column: Math.max(1, col), path: formatSpecPath(path), ...rest };
  };
  if (text.length > MAX_CHARACTERS) {
    return refuse(name, [problem(0, [], { message: `the file has ${text.length} characters; a spec has at most ${MAX_CHARACTERS}` })]);
  }
  const document = parseYaml(text, lines);
  if (document instanceof RangeError) return refuse(name, [problem(0, [], { message: "the file is nested too deeply to be a spec" })]);
  // One slip often makes the parser complain of the same place twice; the first says most.
  const errors = [...document.errors, ...document.warnings].filter(
    (error, index, all) => all.findIndex((other) => other.pos[0] === error.pos[0]) === index,
  );
  const syntax = errors.map((error) => problem(error.pos[0], [], { message: yamlMessage(error.code, error.message) }));
  if (syntax.length > 0) return refuse(name, syntax);
  if (!isMap(document.contents)) {
    return refuse(name, [
      problem(document.contents?.range?.[0] ?? 0, [], { message: "a spec is a mapping of keys to values", expected: "a mapping" }),
    ]);
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    return refuse(name, [problem(0, [], { message: `its aliases cannot be expanded: ${(error as Error).message}` })]);
  }
  const checked = checkSpecValue(value);
  if ("spec" in checked) return checked.spec;
  const problems = checked.problems.map(({ path, at, ...rest }) => problem(offsetOf(document, path, at), path, rest));
  return refuse(
    name,
    problems.sort((a, b) => a.line - b.line || a.column - b.column),
  );
}

/** `files[0].channels.acc_x`; keys that would not survive that form are quoted: `labels.map["a.b"]`. */
export function formatSpecPath(path: SpecPath): string {
  return path
    .map((key, index) =>
      typeof key === "number" ? `[${key}]` : !/^[\w-]+$/.test(key) ? `[${JSON.stringify(key)}]` : index === 0 ? key : `.${key}`,
    )
    .join("");
}

/** Parses without running or resolving anything; the RangeError is the stack's, where the text is nested absurdly. */
function parseYaml(text: string, lineCounter: LineCounter): Document.Parsed | RangeError {
  try {
    const uniqueKeys = (a: unknown, b: unknown) => isScalar(a) && isScalar(b) && writtenAs(a) === writtenAs(b);
    const document = parseDocument(text, {
      version: "1.2",
      schema: "core",
      merge: false,
      resolveKnownTags: false,
      uniqueKeys,
      prettyErrors: false,
      lineCounter,
    });
    // `map: {01: WALKING}` names the raw label `01`; as a YAML number it would become `1`.
    visit(document, {
      Pair(_, pair) {
        if (isScalar(pair.key)) pair.key.value = writtenAs(pair.key);
      },
    });
    return document;
  } catch (error) {
    if (error instanceof RangeError) return error;
    throw error;
  }
}

const writtenAs = (key: Scalar) => key.source ?? String(key.value);

function yamlMessage(code: string, message: string): string {
  const reason = message.replace(/\s+at line \d+, column \d+:?[\s\S]*$/, "");
  if (code === "DUPLICATE_KEY") return "this key stands twice in the same mapping";
  if (code === "MULTIPLE_DOCS") return "a spec is one YAML document; `---` begins a second one";
  if (code === "TAG_RESOLVE_FAILED") return `tags are not taken in a spec (${reason})`;
  return `not valid YAML: ${reason}`;
}

/** Offset of the key or value at a path; of the nearest enclosing key where the path does not exist. */
function offsetOf(document: Document.Parsed, path: SpecPath, at: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, key] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    const item = isMap(node)
      ? node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(key))
      : isSeq(node)
        ? node.items[Number(key)]
        : undefined;
    if (item === undefined) return offset;
    const keyOffset = isPair(item) ? startOf(item.key) : startOf(item);
    offset = keyOffset ?? offset;
    node = isPair(item) ? item.value : item;
    if (depth === path.length - 1 && at === "value") offset = startOf(node) ?? offset;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}

function refuse(name: string, problems: readonly SpecProblem[]): never {
  const first = problems[0]!;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  const where = `${name}:${first.line}:${first.column}${first.path ? ` ${first.path}` : ""}`;
  throw new SensorloopError("SPEC_INVALID", `${where}: ${first.message}${more}`, { facts: { problems } });
}
