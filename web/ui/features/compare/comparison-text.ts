import type { Comparison } from "../../../../lib/domain/api/models.ts";
import { differenceText } from "../../../../lib/domain/estimate-text.ts";
import type { Estimate } from "../../../../lib/domain/metrics-schema.ts";
import { countText } from "../../parts/number-text.ts";

/** What an interval of a difference says: only one that leaves nothing out on one side of zero is more than chance. */
function surelyOf({ value, low, high }: Estimate): "better" | "worse" | "equal" | "unclear" {
  if (low === null || high === null) return "unclear";
  if (low > 0) return "better";
  if (high < 0) return "worse";
  return value === 0 && low === 0 && high === 0 ? "equal" : "unclear";
}

/** The comparison in one sentence: which is better, by how much, for how many people. */
export function comparisonSentence({ a, b, macroF1, better, worse, equal }: Comparison): string {
  if (macroF1 === null) return `${b.id} and ${a.id} have no common figure`;
  const by = differenceText(macroF1.value, macroF1.low, macroF1.high);
  const people = `better for ${countText(better)} people, worse for ${countText(worse)}, equal for ${countText(equal)}`;
  const says = {
    better: `${b.id} is better than ${a.id}: macro F1 ${by}`,
    worse: `${b.id} is worse than ${a.id}: macro F1 ${by}`,
    equal: `${b.id} and ${a.id} answer alike`,
    unclear: `Which is better can't be told: macro F1 of ${b.id} against ${a.id} ${by}`,
  }[surelyOf(macroF1)];
  return `${says}; ${people}`;
}

export interface GenomeDifference {
  readonly path: string;
  readonly a: unknown;
  readonly b: unknown;
}

/** Hyper-parameters that two genomes have differently, by path; one that a family lacks is undefined. */
export function genomeDifferences(a: object, b: object): GenomeDifference[] {
  const [ofA, ofB] = [flat(a), flat(b)];
  return [...new Set([...ofA.keys(), ...ofB.keys()])]
    .map((path) => ({ path, a: ofA.get(path), b: ofB.get(path) }))
    .filter((entry) => JSON.stringify(entry.a) !== JSON.stringify(entry.b));
}

/** Lists stay whole: units of layers are read together. */
function flat(value: object, prefix = ""): Map<string, unknown> {
  return new Map(
    Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? [...flat(inner, `${prefix}${name}.`)]
        : [[`${prefix}${name}`, inner] as const],
    ),
  );
}
