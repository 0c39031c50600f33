import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { applySpec } from "../../lib/app/projects.ts";
import type { Platform } from "../../lib/platform.ts";

/** Applies the spec of one of the examples. */
export async function applyExample(platform: Platform, name: string): Promise<void> {
  const path = join(import.meta.dirname, "../../examples", name, "spec.yaml");
  await applySpec(platform, { text: await readFile(path, "utf8"), name: "spec.yaml" }, "test");
}
