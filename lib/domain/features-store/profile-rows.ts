import { LEVELS, PROFILE_FIELDS, SEXES, type Profile } from "../profile.ts";
import type { FeatureRow } from "./feature-row.ts";

/** What is known of a person, and when each field was said (ISO 8601). */
export interface StatedProfile {
  readonly subject: string;
  readonly profile: Profile;
  readonly stated: Readonly<Record<string, string>>;
}

/**
 * A row a person, of the moment of the newest word on them: what they were before that word is not kept, so nothing is
 * said of earlier moments. `sex` is 0 female, 1 male, 2 other; `level` 0 beginner to 3 athlete.
 */
export function profileRows(people: Iterable<StatedProfile>): FeatureRow[] {
  return [...people].flatMap(({ subject, profile, stated }) => {
    const times = Object.values(stated).map((time) => Date.parse(time));
    if (times.length === 0) return [];
    return [{ subject, eventMs: Math.max(...times), values: PROFILE_FIELDS.map((field) => codeOf(profile[field])) }];
  });
}

function codeOf(value: Profile[keyof Profile]): number | null {
  if (value === null || typeof value === "number") return value;
  const sex = (SEXES as readonly string[]).indexOf(value);
  return sex >= 0 ? sex : (LEVELS as readonly string[]).indexOf(value);
}
