import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";

const packageSchema = z.object({ version: z.string() });

export interface TfjsNode {
  readonly folder: string;
  readonly version: string;
  /** Where the package looks for its addon: N-API 8 is the newest of the versions it lists. */
  readonly addon: string;
  /** Where the addon looks for TensorFlow's libraries. */
  readonly libraries: string;
}

/** Null when npm left the package out, as it may an optional one. */
export function findTfjsNode(): TfjsNode | null {
  try {
    const manifest = createRequire(import.meta.url).resolve("@tensorflow/tfjs-node/package.json");
    const folder = dirname(manifest);
    const { version } = packageSchema.parse(JSON.parse(readFileSync(manifest, "utf8")));
    return { folder, version, addon: join(folder, "lib", "napi-v8", "tfjs_binding.node"), libraries: join(folder, "deps", "lib") };
  } catch {
    return null;
  }
}
