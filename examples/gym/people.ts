import { Faker, en } from "@faker-js/faker";
import type { Random } from "../../lib/domain/random.ts";

/** Row-major 3 x 3 rotation. */
export type Rotation = readonly number[];

/** What makes one person's recordings unlike another's of the same exercise. */
export interface Person {
  /** `ada-lovelace`; names the person's folder. */
  readonly id: string;
  /** Factor on the speed and on the size of every movement. */
  readonly tempo: number;
  readonly reach: number;
  /** -1 to 1: lifts fast and lowers slowly, or the other way round. */
  readonly rhythm: number;
  /** Share by which one repetition differs from the next. */
  readonly unevenness: number;
  /** Watch on the right wrist: sideways and turning are mirrored. */
  readonly mirrored: boolean;
  /** How each sensor sits, against how it should. */
  readonly placement: { readonly wrist: Rotation; readonly ankle: Rotation };
  /** Standard deviation of the noise, g and rad/s. */
  readonly noise: { readonly acc: number; readonly gyro: number };
  readonly gyroBias: readonly number[];
}

/** Standard deviation of how far a strap is turned from where it should be, in radians (20 degrees). */
const PLACEMENT_SD = (20 * Math.PI) / 180;

/** @param random the person's own stream; their name follows from it too */
export function drawPerson(random: Random, taken: ReadonlySet<string>): Person {
  const faker = new Faker({ locale: en, seed: random.bits() >>> 0 });
  const name = slug(`${faker.person.firstName()} ${faker.person.lastName()}`);
  return {
    id: taken.has(name) ? `${name}-${taken.size + 1}` : name,
    tempo: Math.exp(0.15 * random.normal()),
    reach: Math.exp(0.15 * random.normal()),
    rhythm: 2 * random.uniform() - 1,
    unevenness: 0.04 + 0.08 * random.uniform(),
    mirrored: random.uniform() < 0.2,
    placement: { wrist: drawRotation(random, PLACEMENT_SD), ankle: drawRotation(random, PLACEMENT_SD) },
    noise: { acc: 0.01 + 0.03 * random.uniform(), gyro: 0.03 + 0.1 * random.uniform() },
    gyroBias: [0.03 * random.normal(), 0.03 * random.normal(), 0.03 * random.normal()],
  };
}

/** About an axis that is anywhere alike, by an angle ~ N(0, sd) (Rodrigues' formula). */
function drawRotation(random: Random, sd: number): Rotation {
  const axis = [random.normal(), random.normal(), random.normal()];
  const length = Math.hypot(...axis) || 1;
  const [x, y, z] = axis.map((part) => part / length) as [number, number, number];
  const angle = sd * random.normal();
  const [s, c] = [Math.sin(angle), Math.cos(angle)];
  const v = 1 - c;
  return [
    c + x * x * v,
    x * y * v - z * s,
    x * z * v + y * s,
    y * x * v + z * s,
    c + y * y * v,
    y * z * v - x * s,
    z * x * v - y * s,
    z * y * v + x * s,
    c + z * z * v,
  ];
}

function slug(name: string): string {
  return name
    .normalize("NFD")
    .toLowerCase()
    .replace(/[^a-z ]/g, "")
    .trim()
    .replace(/ +/g, "-");
}
