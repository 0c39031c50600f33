import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { applySpec } from "../../lib/app/projects.ts";
import type { Platform } from "../../lib/platform.ts";

/** Stages and searches that a test of something else need not wait for. */
const EXTRAS = ["cluster", "describe", "synthesise", "ensemble", "evolve", "featureStore", "annotation"];

/** Applies the spec of one of the examples, without what is not asked for by name. */
export async function applyExample(platform: Platform, name: string, extras: readonly string[] = []): Promise<void> {
  const path = join(import.meta.dirname, "../../examples", name, "spec.yaml");
  const spec = parseDocument(await readFile(path, "utf8"));
  for (const key of EXTRAS) if (!extras.includes(key)) spec.delete(key);
  await applySpec(platform, { text: String(spec), name: "spec.yaml" }, "test");
}
