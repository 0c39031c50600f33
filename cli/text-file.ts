import { readFile } from "node:fs/promises";
import { SensorloopError } from "../lib/domain/errors.ts";

/** A file that somebody named, as text. @throws SensorloopError NO_FILES */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new SensorloopError("NO_FILES", `'${file}' cannot be read`, { cause, facts: { file } });
  }
}
