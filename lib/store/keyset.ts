import { z } from "zod";
import { SensorloopError } from "../domain/errors.ts";
import type { Page } from "../domain/api/page.ts";

/**
 * Keyset pages: a cursor holds the sort values of the last row shown, so that a page costs the same wherever it is and
 * rows that arrive meanwhile shift nothing. Times travel as Postgres writes them, to the microsecond.
 */
export const instantText = z.string().regex(/^\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d)?$/);

function encodeCursor(values: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(values)).toString("base64url");
}

/** @throws SensorloopError REQUEST_INVALID where the cursor is not one of this list's */
export function decodeCursor<Shape extends z.ZodType>(cursor: string | undefined, shape: Shape): z.output<Shape> | undefined {
  if (cursor === undefined) return undefined;
  let values: unknown;
  try {
    values = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    values = undefined;
  }
  const parsed = shape.safeParse(values);
  if (!parsed.success)
    throw new SensorloopError("REQUEST_INVALID", "`after` is not the `next` of a page of this list", { facts: { field: "after" } });
  return parsed.data;
}

/** From `limit + 1` rows a page of `limit` and the cursor to the rest. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  item: (row: Row) => Item,
  cursor: (row: Row) => readonly (string | number)[],
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(item), next: rows.length > limit && last !== undefined ? encodeCursor(cursor(last)) : null };
}
