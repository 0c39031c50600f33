import type { Random } from "../../lib/domain/random.ts";
import type { Person, Rotation } from "./people.ts";

const GRAVITY = 9.80665;
const DEGREES = Math.PI / 180;

/** How a limb moves from the beginning of a repetition to its middle and back; x is forward, y left, z up. */
interface LimbMotion {
  /** Turned about y (a raised arm) and about x (a turned arm), in degrees: where it rests and how far it goes. */
  readonly pitch: readonly [rest: number, range: number];
  readonly roll: readonly [rest: number, range: number];
  /** Path of the sensor in metres. */
  readonly path: readonly [x: number, y: number, z: number];
}

interface Exercise {
  /** Seconds for one repetition at a person's normal tempo. */
  readonly period: number;
  readonly wrist: LimbMotion;
  readonly ankle: LimbMotion;
}

const STANDING: LimbMotion = { pitch: [-85, 1], roll: [0, 1], path: [0.005, 0.005, 0] };

/**
 * Seven exercises, some alike on purpose: both curls differ in how the forearm is turned, both raises in the plane of the arm,
 * squat and lunge at the ankle. The figures are of our own making, chosen to look right, not measured on people.
 */
export const EXERCISES = {
  squat: {
    period: 2.8,
    wrist: { pitch: [0, 18], roll: [0, 5], path: [0.05, 0, -0.42] },
    ankle: { pitch: [-85, 14], roll: [0, 3], path: [0.01, 0, 0] },
  },
  lunge: {
    period: 2.9,
    wrist: { pitch: [-65, 14], roll: [0, 8], path: [0.3, 0, -0.3] },
    ankle: { pitch: [-85, 38], roll: [0, 3], path: [0.4, 0, 0.08] },
  },
  "biceps-curl": { period: 2.5, wrist: { pitch: [-80, 125], roll: [10, 25], path: [0.22, 0, 0.28] }, ankle: STANDING },
  "hammer-curl": { period: 2.5, wrist: { pitch: [-80, 120], roll: [45, 8], path: [0.2, 0, 0.28] }, ankle: STANDING },
  "shoulder-press": { period: 2.6, wrist: { pitch: [70, 18], roll: [15, 12], path: [0.03, 0.08, 0.45] }, ankle: STANDING },
  "lateral-raise": { period: 2.6, wrist: { pitch: [-70, 25], roll: [12, 62], path: [0, 0.42, 0.42] }, ankle: STANDING },
  "front-raise": { period: 2.6, wrist: { pitch: [-72, 72], roll: [14, 15], path: [0.42, 0, 0.42] }, ankle: STANDING },
} as const satisfies Record<string, Exercise>;
export type ExerciseName = keyof typeof EXERCISES;
export const EXERCISE_NAMES = Object.keys(EXERCISES) as ExerciseName[];

const RESTING: Exercise = { period: 4, wrist: { pitch: [-75, 6], roll: [5, 6], path: [0.01, 0.01, 0] }, ankle: STANDING };

/** One instant: g, rad/s. */
export interface Reading {
  readonly wristAcc: readonly number[];
  readonly wristGyro: readonly number[];
  readonly ankleAcc: readonly number[];
}

/** The readings of one set, `seconds` long; `name` null is the rest between two sets. */
export function* performSet(
  person: Person,
  name: ExerciseName | null,
  seconds: number,
  rateHz: number,
  random: Random,
): Generator<Reading> {
  const exercise: Exercise = name === null ? RESTING : EXERCISES[name];
  const count = Math.round(seconds * rateHz);
  // Each set is held a little differently, each repetition is a little larger or smaller, and they grow slower with fatigue.
  const held = 7 * DEGREES;
  const lean = {
    wrist: [held * random.normal(), held * random.normal()],
    ankle: [0.4 * held * random.normal(), 0.4 * held * random.normal()],
  } as const;
  let phase = 0;
  let size = person.reach;
  for (let index = 0; index < count; index++) {
    const speed = (person.tempo * (1 - (0.1 * index) / count)) / exercise.period;
    const before = phase;
    phase += speed / rateHz;
    if (Math.floor(phase) !== Math.floor(before)) size = person.reach * (1 + person.unevenness * random.normal());
    const wave = waveAt(phase, speed, person.rhythm);
    const wrist = limb(exercise.wrist, wave, size, lean.wrist, person.mirrored);
    // In a lunge the legs take turns; the sensor's own leg moves in every second repetition.
    const ownLeg = name === "lunge" && Math.floor(phase) % 2 === 1 ? 0.25 : 1;
    const ankle = limb(exercise.ankle, wave, size * ownLeg, lean.ankle, false);
    const { acc, gyro } = person.noise;
    yield {
      wristAcc: turn(person.placement.wrist, wrist.acc).map((value) => value + acc * random.normal()),
      wristGyro: turn(person.placement.wrist, wrist.gyro).map((value, axis) => value + person.gyroBias[axis]! + gyro * random.normal()),
      ankleAcc: turn(person.placement.ankle, ankle.acc).map((value) => value + acc * random.normal()),
    };
  }
}

interface Wave {
  /** 0 at rest, 1 at the far end. */
  readonly at: number;
  readonly velocity: number;
  readonly acceleration: number;
}

/** (1 - cos)/2 over a phase that `rhythm` warps, with both derivatives by time taken through the warp. */
function waveAt(phase: number, speed: number, rhythm: number): Wave {
  const circle = 2 * Math.PI;
  const warp = 0.35 * rhythm;
  const angle = circle * phase + warp * Math.sin(circle * phase);
  const rate = circle * speed * (1 + warp * Math.cos(circle * phase));
  const change = -warp * (circle * speed) ** 2 * Math.sin(circle * phase);
  return {
    at: (1 - Math.cos(angle)) / 2,
    velocity: (Math.sin(angle) * rate) / 2,
    acceleration: (Math.cos(angle) * rate ** 2 + Math.sin(angle) * change) / 2,
  };
}

/** What an ideally placed sensor reads: specific force in its own frame, and the speed of its turning. */
function limb(motion: LimbMotion, wave: Wave, size: number, lean: readonly number[], mirrored: boolean): { acc: number[]; gyro: number[] } {
  const side = mirrored ? -1 : 1;
  const range = [motion.pitch[1] * DEGREES * size, side * motion.roll[1] * DEGREES * size] as const;
  const pitch = motion.pitch[0] * DEGREES + range[0] * wave.at + lean[0]!;
  const roll = side * motion.roll[0] * DEGREES + range[1] * wave.at + lean[1]!;
  const push = (size * wave.acceleration) / GRAVITY;
  const [x, y, z] = [motion.path[0] * push, side * motion.path[1] * push, motion.path[2] * push + 1];
  const [sinP, cosP, sinR, cosR] = [Math.sin(pitch), Math.cos(pitch), Math.sin(roll), Math.cos(roll)];
  const forward = cosP * x + sinP * z;
  const upward = cosP * z - sinP * x;
  const turning = range[0] * wave.velocity;
  return {
    acc: [forward, cosR * y + sinR * upward, cosR * upward - sinR * y],
    gyro: [range[1] * wave.velocity, cosR * turning, -sinR * turning],
  };
}

function turn(rotation: Rotation, vector: readonly number[]): number[] {
  const [x, y, z] = vector as [number, number, number];
  return [0, 3, 6].map((row) => rotation[row]! * x + rotation[row + 1]! * y + rotation[row + 2]! * z);
}
