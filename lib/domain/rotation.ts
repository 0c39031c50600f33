import { randomFor } from "./random.ts";
import type { FeaturesSpec } from "./spec.ts";

/** A rotation in space: 3 x 3, row by row. */
export type Rotation = Float64Array;

/** Key that sets rotations apart from everything else that is drawn from the same seed. */
const ROTATION = 0x726f74;

/**
 * The rotation of one window: about an axis that points anywhere with the same chance, by an angle drawn from a normal
 * distribution around 0. It depends on its arguments and on nothing else, so that a window is turned alike wherever and
 * in whichever order windows are made.
 * @param recording its name. @param sample where the window begins. @param degrees standard deviation of the angle
 */
export function rotationOf(seed: number, recording: string, sample: number, degrees: number): Rotation {
  const random = randomFor(seed, ROTATION, numberOf(recording), sample);
  const z = 2 * random.uniform() - 1;
  const around = 2 * Math.PI * random.uniform();
  const radius = Math.sqrt(1 - z * z);
  return rotationAbout(radius * Math.cos(around), radius * Math.sin(around), z, (random.normal() * degrees * Math.PI) / 180);
}

/** Rodrigues' formula: by `angle` radians about the unit vector (x, y, z), counter-clockwise seen from its tip. */
export function rotationAbout(x: number, y: number, z: number, angle: number): Rotation {
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const rest = 1 - cosine;
  return Float64Array.of(
    cosine + rest * x * x,
    rest * x * y - sine * z,
    rest * x * z + sine * y,
    rest * x * y + sine * z,
    cosine + rest * y * y,
    rest * y * z - sine * x,
    rest * x * z - sine * y,
    rest * y * z + sine * x,
    cosine + rest * z * z,
  );
}

/** Channels of all triplets that features name, gravity's among them; each set of three channels once. */
export function tripletsOf(features: FeaturesSpec | undefined): (readonly [string, string, string])[] {
  const named = features?.groups.flatMap((group) => Object.values(group.triplets)) ?? [];
  const { total, body } = features?.gravity ?? {};
  const all = [...named, ...(total ? [total] : []), ...(body ? [body] : [])];
  return [...new Map(all.map((triplet) => [triplet.toSorted().join(), triplet])).values()];
}

/** Gives the samples [from, to) of all channels, those of the triplets turned, in buffers that the next window reuses. */
export type Turner = (series: readonly Float32Array[], from: number, to: number, rotation: Rotation) => readonly Float32Array[];

/**
 * All triplets of a window are turned by the same rotation, as a device that sits otherwise would have seen them. What
 * linear filters made of a triplet turns with it, so that channels are turned behind the filters.
 * @param triplets places of channels. @param samples of the longest window
 */
export function createTurner(triplets: readonly (readonly [number, number, number])[], channels: number, samples: number): Turner {
  const buffers = Array.from({ length: channels }, () => new Float32Array(samples));
  const turned = new Set(triplets.flat());
  const kept = [...buffers.keys()].filter((place) => !turned.has(place));
  return (series, from, to, rotation) => {
    for (const place of kept) copy(series[place]!, from, to, buffers[place]!);
    for (const [x, y, z] of triplets) {
      const [right, up, out] = [series[x]!, series[y]!, series[z]!];
      turn(right, up, out, from, to, rotation, 0, buffers[x]!);
      turn(right, up, out, from, to, rotation, 3, buffers[y]!);
      turn(right, up, out, from, to, rotation, 6, buffers[z]!);
    }
    return buffers;
  };
}

/** One row of the rotation, which begins at `row`, times each sample. */
function turn(
  x: Float32Array,
  y: Float32Array,
  z: Float32Array,
  from: number,
  to: number,
  rotation: Rotation,
  row: number,
  target: Float32Array,
): void {
  const [a, b, c] = [rotation[row]!, rotation[row + 1]!, rotation[row + 2]!];
  for (let at = from; at < to; at++) target[at - from] = a * x[at]! + b * y[at]! + c * z[at]!;
}

function copy(source: Float32Array, from: number, to: number, target: Float32Array): void {
  for (let at = from; at < to; at++) target[at - from] = source[at]!;
}

/** FNV-1a. Names that collide share their rotations, sample by sample, which does no harm. */
function numberOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return hash;
}
