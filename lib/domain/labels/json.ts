import { z } from "zod";
import { SensorloopError } from "../errors.ts";
import { takeForeign, type ForeignLabels } from "./foreign.ts";
import type { LabelDocument } from "./label-document.ts";

const documentSchema = z.union([z.array(z.unknown()), z.object({ labels: z.array(z.unknown()) })]);

/** One document: the project and its labels, with all that is known of each. */
export function labelJson(project: string): LabelDocument {
  return {
    head: `{"project":${JSON.stringify(project)},"labels":[`,
    between: ",",
    tail: "]}",
    recordings: (labels) => labels.map((label) => JSON.stringify(label)).join(","),
  };
}

/** @param text as `labelJson` makes it, or a bare array @throws SensorloopError REQUEST_INVALID */
export function readJson(text: string): ForeignLabels {
  const parsed = documentSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new SensorloopError("REQUEST_INVALID", "the JSON is neither an array of labels nor an object with `labels`");
  const values = Array.isArray(parsed.data) ? parsed.data : parsed.data.labels;
  const read: ForeignLabels = { labels: [], refused: [] };
  for (const [index, value] of values.entries()) takeForeign(read, value, { line: null, where: `label ${index + 1}: ` });
  return read;
}

/** @throws SensorloopError REQUEST_INVALID */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (cause) {
    throw new SensorloopError("REQUEST_INVALID", `the JSON cannot be read: ${(cause as Error).message}`, { cause });
  }
}
