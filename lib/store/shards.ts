/** Recordings that live in the same parts. */
export interface Bundle {
  /** Numbers of the parts with their samples, and of those with their labels. */
  readonly samples: readonly number[];
  readonly labels: readonly number[];
  readonly rows: number;
  /** How many recordings (or subjects) it can be divided into at most. */
  readonly units: number;
}

export interface PlannedShard {
  readonly samples: readonly number[];
  readonly labels: readonly number[];
  readonly rows: number;
  /** One of `of` slices of all recordings in these parts; all of them without it. */
  readonly slice?: { readonly index: number; readonly of: number };
}

/**
 * Divides recordings into about `wanted` shards of about the same number of rows, each reading few parts. Recordings that
 * share a part belong to one group; whole groups are dealt out, largest first, to the shard that has least. Only a group
 * that is larger than a shard should be is sliced by its recordings, and its parts are then read by each slice.
 */
export function balanceShards(bundles: readonly Bundle[], wanted: number): PlannedShard[] {
  const groups = connected(bundles);
  const fair = groups.reduce((sum, group) => sum + group.rows, 0) / Math.max(1, wanted);
  const sliced: PlannedShard[] = [];
  const whole: Bundle[] = [];
  for (const group of groups) {
    // Half as much again as fair costs less time than another pass over the parts.
    const slices = group.rows > 1.5 * fair ? Math.min(group.units, Math.round(group.rows / fair)) : 1;
    if (slices <= 1) whole.push(group);
    for (let index = 0; slices > 1 && index < slices; index++)
      sliced.push({ ...dealt([group]), rows: group.rows / slices, slice: { index, of: slices } });
  }
  const places: Bundle[][] = Array.from({ length: Math.min(whole.length, Math.max(1, wanted - sliced.length)) }, () => []);
  const loads = places.map(() => 0);
  for (const group of whole.toSorted((left, right) => right.rows - left.rows)) {
    const least = loads.indexOf(Math.min(...loads));
    places[least]!.push(group);
    loads[least]! += group.rows;
  }
  return [...places.map(dealt), ...sliced];
}

function dealt(groups: readonly Bundle[]): PlannedShard {
  const all = (pick: (group: Bundle) => readonly number[]) => [...new Set(groups.flatMap(pick))].sort((a, b) => a - b);
  return {
    samples: all((group) => group.samples),
    labels: all((group) => group.labels),
    rows: groups.reduce((sum, group) => sum + group.rows, 0),
  };
}

/** Bundles that share a part of samples, directly or through others, as one. */
function connected(bundles: readonly Bundle[]): Bundle[] {
  const owner = new Map<number, number>();
  const parent = bundles.map((_, index) => index);
  const root = (index: number): number => {
    while (parent[index] !== index) index = parent[index] = parent[parent[index]!]!;
    return index;
  };
  for (const [index, bundle] of bundles.entries()) {
    for (const part of bundle.samples) {
      const other = owner.get(part);
      if (other === undefined) owner.set(part, index);
      else parent[root(index)] = root(other);
    }
  }
  const groups = Map.groupBy(bundles, (_, index) => root(index));
  return [...groups.values()].map((group) => ({ ...dealt(group), units: group.reduce((sum, bundle) => sum + bundle.units, 0) }));
}
