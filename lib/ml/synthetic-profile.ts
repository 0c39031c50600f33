import { en, Faker } from "@faker-js/faker";
import type { SyntheticPerson } from "../domain/synthesis/people.ts";

/** What there is to say of a person beside their rows. It follows from the seed and the person, and from nothing real. */
export interface SyntheticProfile {
  readonly name: string;
  readonly age: number;
  readonly sex: "female" | "male";
  readonly level: "beginner" | "intermediate" | "enthusiast" | "athlete";
  readonly weightKg: number;
  readonly heightCm: number;
  readonly device: string;
  /** Microseconds since 1970, on a whole second of 2024. */
  readonly startUs: number;
}

const LEVELS = ["beginner", "intermediate", "enthusiast", "athlete"] as const;
/** Adults' heights and body mass index, as the WHO's growth reference has them at 19: mean and standard deviation. */
const BODY = { female: { height: [163.2, 6.5] }, male: { height: [176.5, 7.3] }, bmi: [24, 3.5] } as const;
const FIRST = "2024-01-01T06:00:00Z";
const LAST = "2024-12-31T21:00:00Z";

export function syntheticProfile(person: SyntheticPerson, seed: number): SyntheticProfile {
  const faker = new Faker({ locale: [en] });
  faker.seed([seed, person.index]);
  const sex = faker.helpers.arrayElement(["female", "male"] as const);
  const heightCm = Math.round((faker.number.int({ min: -20, max: 20 }) / 10) * BODY[sex].height[1] + BODY[sex].height[0]);
  const bmi = BODY.bmi[0] + (faker.number.int({ min: -17, max: 20 }) / 10) * BODY.bmi[1];
  return {
    name: faker.person.fullName({ sex }),
    age: faker.number.int({ min: 18, max: 80 }),
    sex,
    level: faker.helpers.arrayElement(LEVELS),
    weightKg: Math.round(bmi * (heightCm / 100) ** 2),
    heightCm,
    device: `${faker.commerce.productAdjective()} ${faker.helpers.arrayElement(["Band", "Watch", "Tracker"])} ${faker.number.int({ min: 2, max: 9 })}`,
    startUs: Math.floor(faker.date.between({ from: FIRST, to: LAST }).getTime() / 1000) * 1e6,
  };
}
