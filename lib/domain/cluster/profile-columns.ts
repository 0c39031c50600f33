import { ageBracket, LEVELS, type Profile } from "../profile.ts";
import type { Column, Values } from "./space.ts";

/** The columns that a profile becomes: ordered words as their rank, a sex as two indicators of which `other` has neither. */
export const PROFILE_COLUMNS: readonly Column[] = [
  { name: "ageBracket", scale: "moments" },
  { name: "level", scale: "moments" },
  { name: "weightKg", scale: "moments" },
  { name: "heightCm", scale: "moments" },
  { name: "female", scale: "indicator" },
  { name: "male", scale: "indicator" },
];

export function profileValues({ age, sex, level, weightKg, heightCm }: Profile): Values {
  return {
    ageBracket: age === null ? null : ageBracket(age),
    level: level === null ? null : LEVELS.indexOf(level),
    weightKg,
    heightCm,
    female: sex === null ? null : Number(sex === "female"),
    male: sex === null ? null : Number(sex === "male"),
  };
}
