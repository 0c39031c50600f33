import { AGE_BRACKETS, LEVELS } from "../profile.ts";
import type { ClusteringModel } from "./model.ts";

/** Columns in which a cohort of signal statistics stands out, at most. */
const STRIKING = 3;

/** What is typical of each cohort, for people: `26-35, 80 % female, 168 cm, 63 kg, enthusiast`. */
export function cohortWords(model: ClusteringModel): Map<string, string> {
  const words = model.by === "profile" ? profileWords : statisticsWords;
  return new Map(model.cohorts.map(({ name, typical }) => [name, words(typical, model.space)]));
}

function profileWords(typical: Readonly<Record<string, number | null>>): string {
  const known = (column: string) => typical[column] ?? null;
  const age = known("ageBracket");
  const [female, male] = [known("female"), known("male")];
  const [height, weight, level] = [known("heightCm"), known("weightKg"), known("level")];
  const sex = (share: number, word: string) => `${Math.round(100 * share)} % ${word}`;
  return [
    age === null ? null : AGE_BRACKETS[Math.round(age)],
    female === null && male === null ? null : (male ?? 0) > (female ?? 0) ? sex(male!, "male") : sex(female ?? 0, "female"),
    height === null ? null : `${Math.round(height)} cm`,
    weight === null ? null : `${Math.round(weight)} kg`,
    level === null ? null : LEVELS[Math.round(level)],
  ]
    .filter((word) => word !== null)
    .join(", ");
}

function statisticsWords(typical: Readonly<Record<string, number | null>>, { columns }: ClusteringModel["space"]): string {
  return columns
    .map(({ name, middle, spread }) => ({ name, out: ((typical[name] ?? middle) - middle) / spread }))
    .sort((a, b) => Math.abs(b.out) - Math.abs(a.out))
    .slice(0, STRIKING)
    .map(({ name, out }) => `${name} ${out < 0 ? "low" : "high"} (${out.toFixed(1)})`)
    .join(", ");
}
