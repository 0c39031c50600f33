import { z } from "zod";

/** No list answers more rows than this at once, whoever asks. */
export const MAX_PAGE = 200;

/** What every list takes. `after` is the `next` of the page before; its content is the server's business. */
export const pageQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50),
  after: z.string().min(1).max(600).optional(),
});
export type PageQuery = z.infer<typeof pageQuerySchema>;

/** One page of a list; `next` is null on the last one. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}
export interface Page<Item> {
  readonly items: Item[];
  readonly next: string | null;
}

/** Times on the wire: ISO 8601 in UTC. */
export const timeSchema = z.iso.datetime({ offset: true });

/** The body of every answer that is not a success; `request` finds it in the log. */
export const errorBodySchema = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
  retryable: z.boolean(),
  facts: z.record(z.string(), z.unknown()),
  request: z.string(),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;
