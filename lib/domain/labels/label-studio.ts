import { z } from "zod";
import type { Label } from "../api/labels.ts";
import { SensorloopError } from "../errors.ts";
import { refusal, takeForeign, type ForeignLabels } from "./foreign.ts";
import { parseJson } from "./json.ts";
import type { LabelDocument } from "./label-document.ts";

/**
 * Label Studio's JSON: an array of tasks with `data` and `annotations`, whose `result` holds a region each. A label is a
 * region of `TimeSeriesLabels` on an axis without `timeColumn`, which counts samples from 0: `start` is its first sample,
 * `end` the one behind its last. `data.subject` and `data.recording` say whose samples they are, `data.rateHz` their rate.
 */
const regionSchema = z.object({
  id: z.string().optional(),
  type: z.literal("timeserieslabels"),
  value: z.object({ start: z.number(), end: z.number(), timeserieslabels: z.tuple([z.string()]) }),
  /** Ours; Label Studio hands it back as it was. */
  meta: z.object({ by: z.string().optional(), authority: z.string().optional() }).optional(),
});
const taskSchema = z.object({
  data: z.object({ subject: z.coerce.string(), recording: z.coerce.string(), rateHz: z.number().optional() }),
  annotations: z.array(
    z.object({
      result: z.array(z.unknown()),
      was_cancelled: z.boolean().nullish(),
      completed_by: z.union([z.number(), z.string(), z.object({ email: z.string() })]).nullish(),
    }),
  ),
});

const TAGS = { from_name: "label", to_name: "ts", type: "timeserieslabels" } as const;

/** A task for each recording, one annotation in it with all its labels. */
export const labelStudioJson: LabelDocument = { head: "[", between: ",", tail: "]", recordings: tasksOf };

function tasksOf(labels: readonly Label[]): string {
  const recordings = Map.groupBy(labels, ({ subject, recording, rateHz }) => JSON.stringify([subject, recording, rateHz]));
  const tasks = [...recordings.values()].map((group) => {
    const { subject, recording, rateHz } = group[0]!;
    const result = group.map(({ id, from, to, class: name, by, authority }) => ({
      ...{ id, ...TAGS, origin: "manual" },
      value: { start: from, end: to, instant: false, timeserieslabels: [name] },
      meta: { by, authority },
    }));
    const annotations = [{ result, was_cancelled: false, ground_truth: false }];
    return JSON.stringify({ data: { subject, recording, rateHz }, annotations, predictions: [] });
  });
  return tasks.join(",");
}

/** @throws SensorloopError REQUEST_INVALID */
export function readLabelStudio(text: string): ForeignLabels {
  const tasks = parseJson(text);
  if (!Array.isArray(tasks)) throw new SensorloopError("REQUEST_INVALID", "the JSON is not Label Studio's: it is no array of tasks");
  const read: ForeignLabels = { labels: [], refused: [] };
  for (const [index, value] of tasks.entries()) {
    const where = `task ${index + 1}: `;
    const task = taskSchema.safeParse(value);
    if (!task.success) {
      const problems = task.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
      read.refused.push(refusal({ line: null, where }, "REQUEST_INVALID", problems.join("; ")));
      continue;
    }
    const { data, annotations } = task.data;
    for (const annotation of annotations) {
      if (annotation.was_cancelled) continue;
      for (const region of annotation.result) takeRegion(read, region, { data, by: nameOf(annotation.completed_by), where });
    }
  }
  return read;
}

interface Around {
  readonly data: z.infer<typeof taskSchema>["data"];
  readonly by: string | undefined;
  readonly where: string;
}

function takeRegion(read: ForeignLabels, value: unknown, { data, by, where }: Around): void {
  const region = regionSchema.safeParse(value);
  const id = (value as { id?: unknown } | null)?.id;
  const place = { line: null, where: typeof id === "string" ? `${where}region '${id.slice(0, 40)}': ` : where };
  if (!region.success)
    return void read.refused.push(refusal(place, "REQUEST_INVALID", "is no region of one time-series label with a start and an end"));
  const { start, end, timeserieslabels } = region.data.value;
  const from = Math.round(start);
  takeForeign(
    read,
    {
      ...{ ...data, by, ...region.data.meta },
      // Its own ids are short; ours come back as they went out.
      id: z.uuid().safeParse(id).success ? id : undefined,
      // An instant is one sample; what ends before it begins is refused.
      ...{ from, to: end < start ? Math.round(end) : Math.max(from + 1, Math.round(end)), class: timeserieslabels[0] },
    },
    place,
  );
}

function nameOf(completedBy: z.infer<typeof taskSchema>["annotations"][number]["completed_by"]): string | undefined {
  if (completedBy === null || completedBy === undefined) return undefined;
  return typeof completedBy === "object" ? completedBy.email : String(completedBy);
}
