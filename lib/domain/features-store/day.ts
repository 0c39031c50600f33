export const DAY_MS = 86_400_000;

/** Number of the UTC day in which something ends; what ends at midnight belongs to the day before. */
export function dayOf(endMs: number): number {
  return Math.ceil(endMs / DAY_MS) - 1;
}
