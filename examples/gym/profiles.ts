import type { Random } from "../../lib/domain/random.ts";
import type { Person } from "./people.ts";

export const PROFILE_HEADER = "person,age,sex,level,weight_kg,height_cm";

/** Chance that someone leaves a field of the form empty. */
const LEFT_EMPTY = 0.04;

/** Who comes to this gym: the morning class and the students' team. */
const KINDS = [
  { age: [70, 3], levels: ["beginner", "beginner"], bodyMass: 27, women: 0.9 },
  { age: [24, 3], levels: ["enthusiast", "athlete"], bodyMass: 23, women: 0.1 },
] as const;

/**
 * The line that a person fills in at the desk. It follows from how they move, and chance: the quick are the young, who
 * reaches far is tall, who moves evenly has trained for longer. Means and spreads are of our own making.
 */
export function profileLine(person: Person, random: Random): string {
  const kind = KINDS[person.tempo < 1 ? 0 : 1];
  const sex = random.uniform() < kind.women ? "F" : "M";
  const age = Math.max(18, Math.round(kind.age[0] + kind.age[1] * random.normal()));
  // Reach was drawn as exp(0.15 z).
  const height = { F: 164, M: 180 }[sex] + 2.5 * (Math.log(person.reach) / 0.15) + 3 * random.normal();
  const weight = (kind.bodyMass + 1.5 * random.normal()) * (height / 100) ** 2;
  const level = kind.levels[person.unevenness < 0.08 ? 1 : 0];
  const fields = [String(age), sex, level, weight.toFixed(1), height.toFixed(0)];
  return [person.id, ...fields.map((field) => (random.uniform() < LEFT_EMPTY ? "" : field))].join(",");
}
