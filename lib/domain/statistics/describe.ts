import { CellSums } from "./cell-sums.ts";
import { DESCRIPTION_FORMAT, EVERYBODY, type Cell, type Description } from "./document.ts";
import { mergeCells } from "./merge.ts";
import type { PersonClass, Plan } from "./plan.ts";

/** Cohort of a subject; EVERYBODY where there is one cohort only. */
export type CohortOf = (subject: string) => string;

/**
 * Makes the document of the cells that a feeder has filled: people's figures from the first pass, and `everybody` as the
 * sum of the cohorts. Classes without a row have no cell.
 */
export function finishDescription(plan: Plan, people: readonly PersonClass[], cells: Cells, cohortOf: CohortOf): Description {
  for (const person of people) cells.at(cohortOf(person.subject), person.label).addPerson(person);
  const finished = cells.all().map((sums) => sums.finish());
  const everybody = [...Map.groupBy(finished, (cell) => cell.class).values()].map((own): Cell => ({
    ...own.reduce(mergeCells),
    cohort: EVERYBODY,
  }));
  const apart = finished.filter(({ cohort }) => cohort !== EVERYBODY);
  const { kind, rateHz, channels, classes } = plan;
  return {
    format: DESCRIPTION_FORMAT,
    kind,
    rateHz,
    channels: [...channels],
    classes: [...classes],
    cohorts: cohortsOf(people, cohortOf, apart.length > 0),
    cells: inOrder([...everybody, ...apart], classes),
  };
}

/** The cells of a description by cohort and class, made when first asked for. */
export class Cells {
  readonly #plan: Plan;
  readonly #cells = new Map<string, Map<number, CellSums>>();

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  at(cohort: string, label: number): CellSums {
    let own = this.#cells.get(cohort);
    if (!own) this.#cells.set(cohort, (own = new Map()));
    let cell = own.get(label);
    if (!cell) own.set(label, (cell = new CellSums(this.#plan, label, cohort)));
    return cell;
  }

  all(): CellSums[] {
    return [...this.#cells.values()].flatMap((own) => [...own.values()]);
  }
}

function cohortsOf(people: readonly PersonClass[], cohortOf: CohortOf, apart: boolean): Description["cohorts"] {
  const classes = new Map<string, number>();
  for (const { subject } of people) classes.set(subject, (classes.get(subject) ?? 0) + 1);
  const counts = new Map<string, number[]>([[EVERYBODY, []]]);
  for (const [subject, held] of classes) {
    for (const cohort of apart ? [EVERYBODY, cohortOf(subject)] : [EVERYBODY]) {
      const own = counts.get(cohort) ?? [];
      while (own.length < held) own.push(0);
      own[held - 1]!++;
      counts.set(cohort, own);
    }
  }
  return [...counts]
    .map(([name, own]) => ({ name, people: own.reduce((sum, count) => sum + count, 0), classes: own }))
    .sort((left, right) => rank(left.name, right.name));
}

function inOrder(cells: Cell[], classes: readonly string[]): Cell[] {
  return cells.sort((left, right) => rank(left.cohort, right.cohort) || classes.indexOf(left.class) - classes.indexOf(right.class));
}

/** Everybody first. */
function rank(left: string, right: string): number {
  if (left === right) return 0;
  return left === EVERYBODY || (right !== EVERYBODY && left < right) ? -1 : 1;
}
