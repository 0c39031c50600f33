import { SensorloopError } from "../errors.ts";
import type { FeaturesSpec } from "../spec.ts";
import { standardiseTriplet } from "./correlation.ts";
import { upOf } from "./gravity.ts";
import { createTriplet, differentiate, growTriplet, type Triplet, type Vector } from "./triplet.ts";

/** One window as the formulas see it: its triplets, their jerks and gravity, in buffers that each window fills anew. */
export interface Frame {
  /** A signal being looked at; whoever fills it may be followed by a formula that overwrites it. */
  readonly scratch: { values: Float64Array };
  /** Unit mean of gravity. */
  readonly up: Vector;
  /** Triplet of the spec by name; `NAME.jerk` its difference per second, `gravity` total less body. */
  triplet(name: string): Triplet;
  /** The same with each axis less its mean and scaled to length 1; kept up to date from then on. */
  standardised(name: string): Triplet;
  /** Channels that each axis of a triplet is made of. */
  reads(name: string): readonly [readonly string[], readonly string[], readonly string[]];
  /** Place of a channel among those that windows bring. */
  place(channel: string): number;
  /** Samples of the window. */
  readonly length: number;
  /** Copies a channel of the window into `scratch`. */
  copyChannel(place: number): Float64Array;
  load(window: readonly Float32Array[], from: number, to: number): void;
}

/** Triplets of a group by name, the jerks behind them. */
export function tripletNames(group: FeaturesSpec["groups"][number]): string[] {
  const names = Object.keys(group.triplets);
  return group.jerk ? [...names, ...names.map((name) => `${name}.jerk`)] : names;
}

/** @throws SensorloopError SPEC_INVALID where a channel does not exist, or a triplet's name stands for two */
export function createFrame(spec: FeaturesSpec, channels: readonly string[], rateHz: number, samples: number): Frame {
  let capacity = samples;
  const triplets = new Map<string, Triplet>();
  const standards = new Map<string, Triplet>();
  const reads = new Map<string, ReturnType<Frame["reads"]>>();
  const loads: {
    readonly target: Triplet;
    readonly places: readonly [number, number, number];
    readonly less?: readonly [number, number, number];
  }[] = [];
  const jerks: { readonly source: Triplet; readonly target: Triplet }[] = [];
  const standardisations: { readonly source: Triplet; readonly target: Triplet }[] = [];
  const up = { x: 0.5, y: 0.5, z: 0.5 };
  const scratch = { values: new Float64Array(capacity) };
  let window: readonly Float32Array[] = [];
  let from = 0;
  let to = 0;

  const place = (channel: string) => {
    const found = channels.indexOf(channel);
    if (found < 0) throw new SensorloopError("SPEC_INVALID", `the features name a channel '${channel}' that recordings do not have`);
    return found;
  };
  const placesOf = ([x, y, z]: readonly [string, string, string]) => [place(x), place(y), place(z)] as const;
  const make = (name: string, axes: readonly [string, string, string], less?: readonly [string, string, string]) => {
    const made = createTriplet(capacity);
    const readsOf = (axis: 0 | 1 | 2) => (less ? [axes[axis], less[axis]] : [axes[axis]]);
    triplets.set(name, made);
    reads.set(name, [readsOf(0), readsOf(1), readsOf(2)]);
    return made;
  };

  const defined = new Map<string, string>();
  for (const group of spec.groups) {
    for (const [name, axes] of Object.entries(group.triplets)) {
      const before = defined.get(name);
      if (before !== undefined && before !== axes.join())
        throw new SensorloopError("SPEC_INVALID", `the triplet '${name}' is given two meanings in the spec's features`);
      if (before === undefined) loads.push({ target: make(name, axes), places: placesOf(axes) });
      defined.set(name, axes.join());
      if (group.jerk && !triplets.has(`${name}.jerk`)) jerks.push({ source: triplets.get(name)!, target: make(`${name}.jerk`, axes) });
    }
  }
  const gravity = spec.gravity ? make("gravity", spec.gravity.total, spec.gravity.body) : undefined;
  if (spec.gravity && gravity)
    loads.push({ target: gravity, places: placesOf(spec.gravity.total), less: spec.gravity.body && placesOf(spec.gravity.body) });

  const grow = (length: number) => {
    capacity = 2 * length;
    scratch.values = new Float64Array(capacity);
    for (const triplet of [...triplets.values(), ...standards.values()]) growTriplet(triplet, capacity);
  };

  return {
    scratch,
    up,
    triplet: (name) => triplets.get(name)!,
    standardised(name) {
      const made = standards.get(name) ?? createTriplet(capacity);
      if (!standards.has(name)) standardisations.push({ source: triplets.get(name)!, target: made });
      standards.set(name, made);
      return made;
    },
    reads: (name) => reads.get(name)!,
    place,
    get length() {
      return to - from;
    },
    copyChannel(at) {
      copy(window[at]!, from, to, scratch.values);
      return scratch.values;
    },
    load(newWindow, newFrom, newTo) {
      window = newWindow;
      from = newFrom;
      to = newTo;
      if (to - from > capacity) grow(to - from);
      for (const { target, places, less } of loads) {
        target.length = to - from;
        copy(window[places[0]]!, from, to, target.x);
        copy(window[places[1]]!, from, to, target.y);
        copy(window[places[2]]!, from, to, target.z);
        if (!less) continue;
        subtract(window[less[0]]!, from, to, target.x);
        subtract(window[less[1]]!, from, to, target.y);
        subtract(window[less[2]]!, from, to, target.z);
      }
      for (const { source, target } of jerks) differentiate(source, rateHz, target);
      for (const { source, target } of standardisations) standardiseTriplet(source, target);
      if (gravity) upOf(gravity, up);
    },
  };
}

function copy(source: Float32Array, from: number, to: number, target: Float64Array): void {
  for (let at = from; at < to; at++) target[at - from] = source[at]!;
}

function subtract(source: Float32Array, from: number, to: number, target: Float64Array): void {
  for (let at = from; at < to; at++) target[at - from]! -= source[at]!;
}
