import { groupOf, withNames, type ClusteringModel, type Partition } from "./model.ts";

/** The project's clustering before this one, and who was in which of its cohorts. */
export interface Earlier {
  readonly model: ClusteringModel;
  readonly members: ReadonlyMap<string, string>;
}

/**
 * Names the groups `c1`, `c2`, ... A group that is an earlier cohort in essence keeps its name, since a champion hangs on
 * it: one that shares people with it, most of them of one side or the other; where nobody is in both clusterings, one
 * whose typical person is typical of it, and the other way round. Any other group gets a number that no cohort of the
 * project has had.
 * @param members group of each person now, by index; null for those in none
 */
export function nameCohorts(partition: Partition, members: ReadonlyMap<string, number | null>, earlier: Earlier | null): ClusteringModel {
  const kept = earlier ? (byMembers(partition, members, earlier) ?? byCentres(partition, earlier.model)) : new Map<number, string>();
  let named = earlier?.model.named ?? 0;
  const names = partition.groups.map((_, index) => kept.get(index) ?? `c${++named}`);
  return withNames(partition, names, named);
}

/** Pairs with most people in common first; null where nobody is in both. */
function byMembers({ groups }: Partition, members: ReadonlyMap<string, number | null>, earlier: Earlier): Map<number, string> | null {
  const now = new Array<number>(groups.length).fill(0);
  const before = new Map<string, number>();
  const shared = new Map<string, { group: number; name: string; people: number }>();
  for (const [person, group] of members) {
    const name = earlier.members.get(person);
    if (group === null || name === undefined || !earlier.model.cohorts.some((cohort) => cohort.name === name)) continue;
    now[group]!++;
    before.set(name, (before.get(name) ?? 0) + 1);
    const key = `${group}/${name}`;
    shared.set(key, { group, name, people: (shared.get(key)?.people ?? 0) + 1 });
  }
  if (shared.size === 0) return null;
  const pairs = [...shared.values()].sort((a, b) => b.people - a.people || a.group - b.group || (a.name < b.name ? -1 : 1));
  const kept = new Map<number, string>();
  const taken = new Set<string>();
  for (const { group, name, people } of pairs) {
    if (kept.has(group) || taken.has(name) || 2 * people <= Math.min(now[group]!, before.get(name)!)) continue;
    kept.set(group, name);
    taken.add(name);
  }
  return kept;
}

function byCentres({ by, space, groups }: Partition, model: ClusteringModel): Map<number, string> {
  if (by !== model.by) return new Map();
  return new Map(
    groups.flatMap(({ typical }, index) => {
      const there = groupOf(model.space, model.cohorts, typical);
      const back = there === null ? null : groupOf(space, groups, model.cohorts[there]!.typical);
      return there !== null && back === index ? [[index, model.cohorts[there]!.name] as const] : [];
    }),
  );
}
