import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "../domain/canonical.ts";

/** SHA-256, in hex, of a value's canonical JSON. */
export function sha256Of(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

let code: string | undefined;

/** Hash of the code that computes results: a result of other code is not reused. Read once a process. */
export function codeVersion(): string {
  code ??= hashTree(join(import.meta.dirname, ".."));
  return code;
}

function hashTree(folder: string): string {
  const hash = createHash("sha256");
  const computing = ["domain", "ingest", "ml", "store"];
  for (const part of computing) {
    const names = readdirSync(join(folder, part), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
    for (const name of names.sort()) hash.update(`${part}/${name}\0`).update(readFileSync(join(folder, part, name)));
  }
  return hash.digest("hex");
}
