import type { FeatureRow } from "./feature-row.ts";

/** A label as it was signed. */
export interface SignedLabel {
  readonly id: string;
  /** Null takes back the one it supersedes. */
  readonly class: string | null;
  readonly supersedes: string | null;
  readonly atMs: number;
}

/**
 * How many labels of each class stand, after each moment at which one was signed: a label stands until another names it.
 * @param labels of one subject, ascending by time
 * @param classes labels of others, which the spec has given up, count nowhere
 */
export function labelRows(subject: string, labels: readonly SignedLabel[], classes: readonly string[]): FeatureRow[] {
  const places = new Map(classes.map((name, place) => [name, place]));
  const standing = new Map<string, number>();
  const gone = new Set<string>();
  const counts = new Array<number>(classes.length).fill(0);
  const rows: FeatureRow[] = [];
  for (const [index, { id, class: name, supersedes, atMs }] of labels.entries()) {
    if (supersedes !== null) {
      const before = standing.get(supersedes);
      if (before !== undefined) counts[before]! -= 1;
      standing.delete(supersedes);
      gone.add(supersedes);
    }
    const place = name === null ? undefined : places.get(name);
    // Clocks of two processes may put a label behind the one that supersedes it.
    if (place !== undefined && !gone.has(id)) {
      counts[place]! += 1;
      standing.set(id, place);
    }
    const eventMs = Math.ceil(atMs);
    const next = labels[index + 1];
    if (!next || Math.ceil(next.atMs) !== eventMs) rows.push({ subject, eventMs, values: [...counts] });
  }
  return rows;
}
