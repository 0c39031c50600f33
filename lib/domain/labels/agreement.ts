import type { Agreement } from "../api/labels.ts";

/** The first answer of one annotator to one task; later ones may have heard of others. */
export interface FirstAnswer {
  readonly task: string;
  readonly account: string;
  readonly class: string;
  /** Time between seeing the sample and saving its label; null where nobody measured. */
  readonly seconds: number | null;
  /** What the task came to; null while it is open. */
  readonly outcome: string | null;
  /** The known answer of a gold sample. */
  readonly gold: string | null;
}

/** Pairs of classes that are listed, most frequent first. */
const CONFUSIONS = 20;

/** How far annotators agree with each other, with what became of their tasks, and with what was known before. */
export function agreementOf(answers: readonly FirstAnswer[]): Agreement {
  const tasks = [...Map.groupBy(answers, (answer) => answer.task).values()];
  const shared = tasks.filter((task) => task.length > 1);
  const values = shared.map((task) => task.map((answer) => answer.class));
  const classes = [...new Set(values.flat())].sort();
  const perClass = classes.map((label) => {
    const oneAgainstRest = values.map((item) => item.map((value) => String(value === label)));
    return { label, alpha: krippendorffAlpha(oneAgainstRest), items: values.filter((item) => item.includes(label)).length };
  });
  return {
    overall: { alpha: krippendorffAlpha(values), items: values.length },
    perClass,
    pairs: pairsOf(shared),
    annotators: [...Map.groupBy(answers, (answer) => answer.account)]
      .map(([account, own]) => annotatorOf(account, own))
      .sort((left, right) => right.labels - left.labels || (left.account < right.account ? -1 : 1)),
    confusions: confusionsOf(shared),
  };
}

/**
 * Krippendorff's alpha for nominal data: 1 = they always agree, 0 = as often as by chance, below = less often. With the
 * coincidences o(c,k) = sum over items of n(c) (n(k) - [c = k]) / (m - 1), where m values of an item are n(c) times c:
 * alpha = 1 - (n - 1) sum o(c,k) / sum n(c) n(k), both sums over c != k. Answers may be missing; items with one value do
 * not count (K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, section C).
 * @param items the values of each item, in any order
 * @returns null where no item has two values, or all values are the same and chance says nothing
 */
export function krippendorffAlpha(items: readonly (readonly string[])[]): number | null {
  const totals = new Map<string, number>();
  let values = 0;
  let disagreement = 0;
  for (const item of items) {
    if (item.length < 2) continue;
    const counts = countsOf(item);
    values += item.length;
    for (const [value, count] of counts) {
      totals.set(value, (totals.get(value) ?? 0) + count);
      disagreement += (count * (item.length - count)) / (item.length - 1);
    }
  }
  let expected = 0;
  for (const count of totals.values()) expected += count * (values - count);
  return expected === 0 ? null : 1 - ((values - 1) * disagreement) / expected;
}

/**
 * Cohen's kappa of two judges over the items that both answered: (po - pe) / (1 - pe), with po the share on which they
 * agree and pe the share on which two judges with their habits would by chance (J. Cohen, A Coefficient of Agreement for
 * Nominal Scales, 1960).
 * @param pairs what each said of each item
 * @returns null without an item, or where both always say the same one thing
 */
export function cohenKappa(pairs: readonly (readonly [string, string])[]): number | null {
  const agreed = pairs.filter(([a, b]) => a === b).length / pairs.length;
  const [ofA, ofB] = [countsOf(pairs.map(([a]) => a)), countsOf(pairs.map(([, b]) => b))];
  let chance = 0;
  for (const [value, count] of ofA) chance += (count * (ofB.get(value) ?? 0)) / pairs.length ** 2;
  return pairs.length === 0 || chance === 1 ? null : (agreed - chance) / (1 - chance);
}

function pairsOf(shared: readonly (readonly FirstAnswer[])[]): Agreement["pairs"] {
  const said = new Map<string, { a: string; b: string; pairs: [string, string][] }>();
  for (const [first, second] of shared.flatMap(couples)) {
    const [left, right] = first.account < second.account ? [first, second] : [second, first];
    const key = JSON.stringify([left.account, right.account]);
    if (!said.has(key)) said.set(key, { a: left.account, b: right.account, pairs: [] });
    said.get(key)!.pairs.push([left.class, right.class]);
  }
  return [...said.values()]
    .map(({ a, b, pairs }) => ({ a, b, kappa: cohenKappa(pairs), items: pairs.length, perClass: kappaPerClass(pairs) }))
    .sort((left, right) => right.items - left.items || (left.a + left.b < right.a + right.b ? -1 : 1));
}

/** In how far two agree on what belongs to a class and what does not. */
function kappaPerClass(pairs: readonly (readonly [string, string])[]): Agreement["pairs"][number]["perClass"] {
  return [...new Set(pairs.flat())].sort().map((label) => ({
    label,
    kappa: cohenKappa(pairs.map(([a, b]) => [String(a === label), String(b === label)] as const)),
    items: pairs.filter((pair) => pair.includes(label)).length,
  }));
}

function annotatorOf(account: string, answers: readonly FirstAnswer[]): Agreement["annotators"][number] {
  const settled = answers.filter((answer) => answer.outcome !== null);
  const gold = answers.filter((answer) => answer.gold !== null);
  return {
    account,
    labels: answers.length,
    medianSeconds: medianOf(answers.flatMap(({ seconds }) => seconds ?? [])),
    agreement: share(settled, (answer) => answer.class === answer.outcome),
    gold: share(gold, (answer) => answer.class === answer.gold),
    goldItems: gold.length,
  };
}

function confusionsOf(shared: readonly (readonly FirstAnswer[])[]): Agreement["confusions"] {
  const counts = new Map<string, { a: string; b: string; count: number }>();
  for (const [first, second] of shared.flatMap(couples)) {
    if (first.class === second.class) continue;
    const [a, b] = [first.class, second.class].sort() as [string, string];
    const key = JSON.stringify([a, b]);
    if (!counts.has(key)) counts.set(key, { a, b, count: 0 });
    counts.get(key)!.count++;
  }
  return [...counts.values()]
    .sort((left, right) => right.count - left.count || (left.a + left.b < right.a + right.b ? -1 : 1))
    .slice(0, CONFUSIONS);
}

/** Every two answers to a task. */
function couples(answers: readonly FirstAnswer[]): (readonly [FirstAnswer, FirstAnswer])[] {
  return answers.flatMap((first, index) => answers.slice(index + 1).map((second) => [first, second] as const));
}

function countsOf(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function medianOf(values: readonly number[]): number | null {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  return sorted.length === 0 ? null : (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

function share<Item>(items: readonly Item[], holds: (item: Item) => boolean): number | null {
  return items.length === 0 ? null : items.filter(holds).length / items.length;
}
