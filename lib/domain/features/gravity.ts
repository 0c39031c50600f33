import { LOG_FLOOR } from "./formulas.ts";
import { angleBetween, meanVector, norm, type Triplet, type Vector } from "./triplet.ts";

const AXES: readonly Vector[] = [
  { x: 1, y: 0, z: 0 },
  { x: 0, y: 1, z: 0 },
  { x: 0, y: 0, z: 1 },
];

/** Unit mean of gravity in a window; all 0 where the mean is. */
export function upOf(gravity: Triplet, out: Vector): void {
  meanVector(gravity, 0, gravity.length, out);
  const length = norm(out);
  if (length > 0) {
    out.x /= length;
    out.y /= length;
    out.z /= length;
  }
}

/** Names of what `createAngles` writes for these triplets. */
export function angleNames(triplets: readonly string[]): string[] {
  return [
    ...["angleX", "angleY", "angleZ", "pitch", "roll", "drift", "logDrift", "upXy", "upXz", "upYz"].map((name) => `gravity.${name}`),
    ...triplets.map((name) => `${name}.gravityAngle`),
  ];
}

/**
 * How the sensor lies: angles of "up" with the axes, pitch and roll, the products of its components, how far gravity turns
 * from the beginning of the window to its end, and the angle between "up" and the mean of each triplet. All in radians.
 * @param sampled whether gravity is known sample by sample: the drift is then from the first to the last, else from the
 *   mean of the window's first quarter to that of its last
 */
export function createAngles(sampled: boolean) {
  const first = { x: 0.5, y: 0.5, z: 0.5 };
  const last = { x: 0.5, y: 0.5, z: 0.5 };
  const mean = { x: 0.5, y: 0.5, z: 0.5 };

  return (gravity: Triplet, up: Vector, triplets: readonly Triplet[], out: Float32Array, at: number): void => {
    const { length } = gravity;
    const span = sampled ? 1 : Math.max(1, length >> 2);
    meanVector(gravity, 0, span, first);
    meanVector(gravity, length - span, length, last);
    const drift = angleBetween(first, last);
    let place = at;
    for (const axis of AXES) out[place++] = angleBetween(up, axis);
    out[place++] = Math.atan2(-up.x, Math.sqrt(up.y * up.y + up.z * up.z));
    out[place++] = Math.atan2(up.y, up.z);
    out[place++] = drift;
    out[place++] = Math.log(drift + LOG_FLOOR);
    out[place++] = up.x * up.y;
    out[place++] = up.x * up.z;
    out[place++] = up.y * up.z;
    for (const triplet of triplets) {
      meanVector(triplet, 0, triplet.length, mean);
      out[place++] = angleBetween(up, mean);
    }
  };
}
