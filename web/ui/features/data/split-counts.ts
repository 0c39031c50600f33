import { z } from "zod";

const splitsSchema = z.record(z.string(), z.object({ rows: z.number() }).loose());

/** Rows of each split as the snapshot stage recorded them; nothing where they have another form. */
export function splitCounts(splits: unknown): { split: string; rows: number }[] {
  const parsed = splitsSchema.safeParse(splits);
  return parsed.success ? Object.entries(parsed.data).map(([split, { rows }]) => ({ split, rows })) : [];
}
