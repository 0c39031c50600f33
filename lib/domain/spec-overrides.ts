import { isMap, isSeq, parseDocument, type Document } from "yaml";
import { SensorloopError } from "./errors.ts";
import { readSpec } from "./spec-file.ts";
import type { SpecPath } from "./spec-problems.ts";
import type { Spec } from "./spec.ts";

/**
 * A spec with some of its values replaced, as text (comments kept, so that the stored version is still the user's own
 * file) and as what is read from it. The result is checked like any spec, so a path that does not exist is refused.
 * @param set path to value: `windows.seconds`, `models[0].units`, `labels.map["a.b"]`
 * @throws SensorloopError SPEC_INVALID
 */
export function overrideSpec(
  text: string,
  set: Readonly<Record<string, unknown>>,
  name: string,
): { readonly text: string; readonly spec: Spec } {
  readSpec(text, name);
  const document = parseDocument(text, { version: "1.2", schema: "core" });
  for (const [key, value] of Object.entries(set)) {
    const path = parseSpecPath(key);
    makeParents(document, path, key);
    document.setIn(path, document.createNode(value));
  }
  const changed = Object.keys(set).length === 0 ? text : document.toString({ lineWidth: 0 });
  return { text: changed, spec: readSpec(changed, name) };
}

/** `files[0].only["a b"]` to `["files", 0, "only", "a b"]`. @throws SensorloopError SPEC_INVALID */
export function parseSpecPath(text: string): SpecPath {
  const step = /(?:^|(?<!^)\.)([A-Za-z_][\w-]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y;
  const path: (string | number)[] = [];
  while (step.lastIndex < text.length) {
    const at = step.lastIndex;
    const found = step.exec(text);
    if (!found || (at === 0 && found[1] === undefined)) {
      const message = `'${text}' is not a path into a spec; write it like windows.seconds, models[0].epochs or labels.map["a b"]`;
      throw new SensorloopError("SPEC_INVALID", message, { facts: { path: text, at } });
    }
    path.push(found[1] ?? (found[2] !== undefined ? Number(found[2]) : (JSON.parse(found[3]!) as string)));
  }
  if (path.length === 0) throw new SensorloopError("SPEC_INVALID", "a path into a spec cannot be empty", { facts: { path: text } });
  return path;
}

/** Lists may be changed entry by entry or grow by one; a value in the way is refused rather than replaced by a mapping. */
function makeParents(document: Document, path: SpecPath, key: string): void {
  for (const [depth, step] of path.entries()) {
    const parent = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (parent === undefined) {
      document.setIn(path.slice(0, depth), document.createNode(typeof step === "number" ? [] : {}));
      continue;
    }
    const fits = typeof step === "number" ? isSeq(parent) && step <= parent.items.length : isMap(parent);
    if (!fits) {
      const message = `cannot set '${key}': the spec has no such ${typeof step === "number" ? "list entry" : "mapping"} at '${path.slice(0, depth + 1).join(".")}'`;
      throw new SensorloopError("SPEC_INVALID", message, { facts: { path: key } });
    }
  }
}
