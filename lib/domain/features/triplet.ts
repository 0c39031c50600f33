/** Three axes of one sensor in one window, in buffers that the next window reuses. */
export interface Triplet {
  x: Float64Array;
  y: Float64Array;
  z: Float64Array;
  /** Samples that count. */
  length: number;
}

export type Vector = { x: number; y: number; z: number };

export function createTriplet(capacity: number): Triplet {
  return { x: new Float64Array(capacity), y: new Float64Array(capacity), z: new Float64Array(capacity), length: 0 };
}

/** Makes room for `capacity` samples; what was there is lost. */
export function growTriplet(triplet: Triplet, capacity: number): void {
  Object.assign(triplet, createTriplet(capacity));
}

/** First difference of each axis times the rate: a signal of n samples has n - 1; of one sample, a single 0. */
export function differentiate(source: Triplet, rateHz: number, target: Triplet): void {
  const { length } = source;
  target.length = Math.max(1, length - 1);
  for (const axis of ["x", "y", "z"] as const) {
    const from = source[axis];
    const to = target[axis];
    to[0] = 0;
    for (let at = 1; at < length; at++) to[at - 1] = (from[at]! - from[at - 1]!) * rateHz;
  }
}

export function magnitude(source: Triplet, out: Float64Array): Float64Array {
  const { x, y, z, length } = source;
  for (let at = 0; at < length; at++) out[at] = Math.sqrt(x[at]! * x[at]! + y[at]! * y[at]! + z[at]! * z[at]!);
  return out;
}

/** The part along the unit vector `up`, with its sign. */
export function vertical(source: Triplet, up: Vector, out: Float64Array): Float64Array {
  const { x, y, z, length } = source;
  for (let at = 0; at < length; at++) out[at] = x[at]! * up.x + y[at]! * up.y + z[at]! * up.z;
  return out;
}

/** Length of what is left without the part along `up`. */
export function horizontal(source: Triplet, up: Vector, out: Float64Array): Float64Array {
  const { x, y, z, length } = source;
  for (let at = 0; at < length; at++) {
    const along = x[at]! * up.x + y[at]! * up.y + z[at]! * up.z;
    const dx = x[at]! - along * up.x;
    const dy = y[at]! - along * up.y;
    const dz = z[at]! - along * up.z;
    out[at] = Math.sqrt(dx * dx + dy * dy + dz * dz);
  }
  return out;
}

/** Mean of samples [from, to) into `out`. */
export function meanVector(source: Triplet, from: number, to: number, out: Vector): void {
  let x = 0;
  let y = 0;
  let z = 0;
  for (let at = from; at < to; at++) {
    x += source.x[at]!;
    y += source.y[at]!;
    z += source.z[at]!;
  }
  out.x = x / (to - from);
  out.y = y / (to - from);
  out.z = z / (to - from);
}

export function norm(vector: Vector): number {
  return Math.sqrt(vector.x * vector.x + vector.y * vector.y + vector.z * vector.z);
}

/** Angle in radians between two vectors; a vector of length 0 is taken as perpendicular. */
export function angleBetween(left: Vector, right: Vector): number {
  const lengths = norm(left) * norm(right);
  if (lengths === 0) return Math.PI / 2;
  return Math.acos(Math.max(-1, Math.min(1, (left.x * right.x + left.y * right.y + left.z * right.z) / lengths)));
}

/** Signal magnitude area: mean over the samples of |x| + |y| + |z|. */
export function meanAbsoluteSum(source: Triplet): number {
  const { x, y, z, length } = source;
  let sum = 0;
  for (let at = 0; at < length; at++) sum += Math.abs(x[at]!) + Math.abs(y[at]!) + Math.abs(z[at]!);
  return sum / length;
}
