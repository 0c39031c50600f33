import { nearMiss } from "./near-miss.ts";

export const SEXES = ["female", "male", "other"] as const;
/** In order: each is more than the one before. */
export const LEVELS = ["beginner", "intermediate", "enthusiast", "athlete"] as const;

/** Least and most, both included; beyond them a value is a slip of the pen or in another unit. */
const RANGES = { age: [0, 130], weightKg: [2, 400], heightCm: [40, 260] } as const;
const UNITS = { age: "years", weightKg: "kg", heightCm: "cm" } as const;

/** What is known of a person beside their signals; null is unknown, and nothing is guessed in its place. */
export interface Profile {
  /** Whole years, 0 to 130. */
  readonly age: number | null;
  readonly sex: (typeof SEXES)[number] | null;
  readonly level: (typeof LEVELS)[number] | null;
  /** 2 to 400. */
  readonly weightKg: number | null;
  /** 40 to 260. */
  readonly heightCm: number | null;
}
export type ProfileField = keyof Profile;
export const PROFILE_FIELDS = ["age", "sex", "level", "weightKg", "heightCm"] as const satisfies readonly ProfileField[];

export const NO_PROFILE: Profile = { age: null, sex: null, level: null, weightKg: null, heightCm: null };

/** Years from which each bracket holds people; the next one ends it. */
const BRACKETS = [
  { from: 0, name: "under 18" },
  { from: 18, name: "18-25" },
  { from: 26, name: "26-35" },
  { from: 36, name: "36-45" },
  { from: 46, name: "46-55" },
  { from: 56, name: "56-65" },
  { from: 66, name: "66-74" },
  { from: 75, name: "75+" },
] as const;
export const AGE_BRACKETS: readonly string[] = BRACKETS.map(({ name }) => name);

/** Index of the bracket of an age in `AGE_BRACKETS`. */
export function ageBracket(age: number): number {
  return BRACKETS.findLastIndex(({ from }) => age >= from);
}

/** Why a text is no value of a field; the first is the rule it breaks, in the words of the quarantine. */
export interface ProfileFault {
  readonly rule: "type" | "finite" | "range" | "vocabulary";
  readonly reason: string;
}

/**
 * Reads one field from what a file or a person at the keyboard says. Words count in any case, and `F` and `M` for the
 * two that have such letters.
 * @param text without blanks around it, not empty
 */
export function readProfileField<Field extends ProfileField>(
  field: Field,
  text: string,
): { readonly value: Profile[Field] } | ProfileFault {
  if (field === "sex") return word(SEXES, text, { f: "female", m: "male" }) as { value: Profile[Field] } | ProfileFault;
  if (field === "level") return word(LEVELS, text, {}) as { value: Profile[Field] } | ProfileFault;
  return number(field as keyof typeof RANGES, text) as { value: Profile[Field] } | ProfileFault;
}

function word(words: readonly string[], text: string, letters: Readonly<Record<string, string>>): { value: string } | ProfileFault {
  const said = text.toLowerCase();
  if (words.includes(said)) return { value: said };
  if (Object.hasOwn(letters, said)) return { value: letters[said]! };
  const near = nearMiss(text, words);
  return { rule: "vocabulary", reason: `'${text.slice(0, 60)}' is none of ${words.join(", ")}${near ? ` (is '${near}' meant?)` : ""}` };
}

function number(field: keyof typeof RANGES, text: string): { value: number } | ProfileFault {
  if (/^[+-]?(nan|inf|infinity)$/i.test(text)) return { rule: "finite", reason: `'${text}' is no measured number` };
  if (!/^[+-]?\d+(\.\d+)?$/.test(text)) {
    const comma = /^\d+,\d+$/.test(text) ? "; decimals are written with a point" : "";
    return { rule: "type", reason: `'${text.slice(0, 60)}' is no number${comma}` };
  }
  const value = Number(text);
  const [least, most] = RANGES[field];
  if (value < least || value > most) return { rule: "range", reason: `${value} ${UNITS[field]} are outside ${least} to ${most}` };
  if (field === "age" && !Number.isInteger(value)) return { rule: "type", reason: `'${text}' is no whole number of years` };
  return { value };
}
