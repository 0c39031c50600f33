import type { ModelSummary } from "../../../../lib/domain/api/models.ts";

type Trial = Pick<ModelSummary, "id" | "origin" | "generation" | "parents" | "validation">;

/** Where a trial stands in the tree: its column, and from the top down by validation. */
export interface Place<Node extends Trial> {
  readonly trial: Node;
  readonly column: number;
  readonly row: number;
}

export interface Tree<Node extends Trial> {
  /** Generations, ascending, and then what was made of the best: one a column. */
  readonly columns: readonly (number | "made of the best")[];
  readonly places: readonly Place<Node>[];
  /** From parent to child, where both are in the tree. */
  readonly lines: readonly { readonly from: Place<Node>; readonly to: Place<Node> }[];
  /** Rows of the fullest column. */
  readonly rows: number;
}

/**
 * Lays trials out by generation, best on validation on top. Models that were fitted again, and means of several, are no
 * trials: they stand last. A parent of an earlier run has no place and draws no line.
 */
export function treeOf<Node extends Trial>(trials: readonly Node[]): Tree<Node> {
  const made = ({ origin }: Trial) => origin === "refit" || origin === "ensemble";
  const generations = [...new Set(trials.filter((trial) => !made(trial)).map(({ generation }) => generation))];
  const columns = [...generations.sort((one, other) => one - other), ...(trials.some(made) ? (["made of the best"] as const) : [])];
  const places = columns.flatMap((name, column) =>
    trials
      .filter((trial) => (made(trial) ? "made of the best" : trial.generation) === name)
      .toSorted((one, other) => scoreOf(other) - scoreOf(one) || (one.id < other.id ? -1 : 1))
      .map((trial, row): Place<Node> => ({ trial, column, row })),
  );
  const byId = new Map(places.map((place) => [place.trial.id, place]));
  const lines = places.flatMap((to) =>
    to.trial.parents.flatMap((parent) => {
      const from = byId.get(parent);
      return from === undefined || from === to ? [] : [{ from, to }];
    }),
  );
  return { columns, places, lines, rows: Math.max(0, ...places.map(({ row }) => row + 1)) };
}

/** A trial with all its ancestors and descendants in the tree: its family. */
export function familyOf(trials: readonly Trial[], id: string): ReadonlySet<string> {
  const parents = new Map(trials.map((trial) => [trial.id, trial.parents]));
  const children = Map.groupBy(
    trials.flatMap((trial) => trial.parents.map((parent) => ({ parent, child: trial.id }))),
    ({ parent }) => parent,
  );
  const reach = (next: (id: string) => readonly string[]) => {
    const seen = new Set([id]);
    for (const each of seen) for (const other of next(each)) if (parents.has(other)) seen.add(other);
    return seen;
  };
  const down = reach((each) => (children.get(each) ?? []).map(({ child }) => child));
  return new Set([...reach((each) => parents.get(each) ?? []), ...down]);
}

function scoreOf({ validation }: Trial): number {
  return validation?.value ?? -1;
}
