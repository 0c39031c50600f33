import { SensorloopError } from "../errors.ts";
import type { FeaturesSpec } from "../spec.ts";
import { correlation } from "./correlation.ts";
import { LOG_FLOOR, createFormulas, type SignalFormulas } from "./formulas.ts";
import { createFrame, tripletNames, type Frame } from "./frame.ts";
import { angleNames, createAngles } from "./gravity.ts";
import { createPrincipal } from "./principal.ts";
import { createTriplet, growTriplet, horizontal, magnitude, meanAbsoluteSum, vertical, type Triplet } from "./triplet.ts";

/** The features of a spec, ready to be computed; the buffers are its own, so one serves one caller at a time. */
export interface Features {
  readonly names: readonly string[];
  /** Channels that each feature is computed of, in the order of `names`. */
  readonly reads: readonly (readonly string[])[];
  /**
   * Writes the features of samples [from, to) of `channels`, in the order given to `compileFeatures`, into `out` from
   * `at` on. Nothing is allocated while windows are no longer than announced. NaN means that a sample was missing.
   */
  compute(channels: readonly Float32Array[], from: number, to: number, out: Float32Array, at: number): void;
}

type Group = FeaturesSpec["groups"][number];
/** Some neighbouring values of a row: their names, what each reads, and how they come about once the frame is loaded. */
interface Step {
  readonly names: readonly string[];
  readonly reads: readonly (readonly string[])[];
  run(out: Float32Array, at: number): void;
}

/**
 * Compiles the features that a spec names; docs/features.md has the formulas.
 * @param channels names, in the order in which `compute` gets them
 * @param samples length of a window; others may be computed too
 * @throws SensorloopError SPEC_INVALID where a channel does not exist, or two features would get the same name
 */
export function compileFeatures(spec: FeaturesSpec, channels: readonly string[], rateHz: number, samples: number): Features {
  const frame = createFrame(spec, channels, rateHz, samples);
  const formulasOf = createFormulas(rateHz, spec.bandsHz, samples);
  const steps: Step[] = [];
  for (const group of spec.groups) {
    const formulas = formulasOf(group.formulas);
    for (const channel of group.channels) {
      const place = frame.place(channel);
      steps.push(
        signalStep(
          channel,
          [channel],
          formulas,
          () => frame.copyChannel(place),
          () => frame.length,
        ),
      );
    }
    for (const name of tripletNames(group)) steps.push(...tripletSteps(name, group.signals, formulas, frame));
    if (group.correlations) steps.push(...tripletNames(group).map((name) => correlationStep(name, frame)));
  }
  if (spec.gravity?.formulas) steps.push(...tripletSteps("gravity", ["axes", "magnitude"], formulasOf(spec.gravity.formulas), frame));
  if (spec.gravity?.angles) steps.push(angleStep(spec, frame));
  for (const { left, right } of spec.cross) steps.push(crossStep(left, right, frame));

  const names = steps.flatMap((step) => step.names);
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled !== undefined)
    throw new SensorloopError("SPEC_INVALID", `the feature '${doubled}' would be computed twice; two groups name it`);

  return {
    names,
    reads: steps.flatMap((step) => step.reads),
    compute(window, from, to, out, at) {
      frame.load(window, from, to);
      let place = at;
      for (let index = 0; index < steps.length; index++) {
        const step = steps[index]!;
        step.run(out, place);
        place += step.names.length;
      }
    },
  };
}

/** @param signal gives the samples, of which the first `length()` count; the formulas may overwrite them */
function signalStep(
  name: string,
  reads: readonly string[],
  formulas: SignalFormulas,
  signal: () => Float64Array,
  length: () => number,
): Step {
  return {
    names: formulas.names.map((formula) => (formula === "" ? name : `${name}.${formula}`)),
    reads: formulas.names.map(() => reads),
    run: (out, at) => formulas.compute(signal(), length(), out, at),
  };
}

function tripletSteps(name: string, signals: Group["signals"], formulas: SignalFormulas, frame: Frame): Step[] {
  const triplet = frame.triplet(name);
  const { scratch, up } = frame;
  const [x, y, z] = frame.reads(name);
  const all = [...x, ...y, ...z];
  const step = (signal: string, reads: readonly string[], samples: () => Float64Array) =>
    signalStep(`${name}.${signal}`, reads, formulas, samples, () => triplet.length);
  const steps: Step[] = [];
  if (signals.includes("axes"))
    steps.push(
      step("x", x, () => triplet.x),
      step("y", y, () => triplet.y),
      step("z", z, () => triplet.z),
    );
  if (signals.includes("magnitude")) steps.push(step("magnitude", all, () => magnitude(triplet, scratch.values)));
  if (signals.includes("vertical")) steps.push(step("vertical", alongUp(name, frame), () => vertical(triplet, up, scratch.values)));
  if (signals.includes("horizontal")) steps.push(step("horizontal", alongUp(name, frame), () => horizontal(triplet, up, scratch.values)));
  if (signals.includes("principal") && !name.endsWith(".jerk")) {
    const components = createTriplet(triplet.x.length);
    const principal = createPrincipal();
    const shares = new Float64Array(3);
    steps.push({
      names: ["share1", "share2", "share3"].map((share) => `${name}.principal.${share}`),
      reads: [all, all, all],
      run(out, at) {
        if (components.x.length < triplet.length) growTriplet(components, triplet.x.length);
        principal(triplet, components, shares);
        out.set(shares, at);
      },
    });
    steps.push(
      step("principal1", all, () => components.x),
      step("principal2", all, () => components.y),
      step("principal3", all, () => components.z),
    );
  }
  return steps;
}

/** Channels of a triplet and of the gravity that it is seen along. */
function alongUp(name: string, frame: Frame): readonly string[] {
  return [...frame.reads(name), ...frame.reads("gravity")].flat();
}

function correlationStep(name: string, frame: Frame): Step {
  const triplet = frame.triplet(name);
  const standard = frame.standardised(name);
  const [x, y, z] = frame.reads(name);
  return {
    names: ["corrXy", "corrXz", "corrYz", "logSma"].map((formula) => `${name}.${formula}`),
    reads: [
      [...x, ...y],
      [...x, ...z],
      [...y, ...z],
      [...x, ...y, ...z],
    ],
    run(out, at) {
      out[at] = correlation(standard.x, standard.y, standard.length);
      out[at + 1] = correlation(standard.x, standard.z, standard.length);
      out[at + 2] = correlation(standard.y, standard.z, standard.length);
      out[at + 3] = Math.log(meanAbsoluteSum(triplet) + LOG_FLOOR);
    },
  };
}

function crossStep(left: string, right: string, frame: Frame): Step {
  const [a, b] = [frame.standardised(left), frame.standardised(right)];
  const axes = ["x", "y", "z"] as const;
  return {
    names: axes.flatMap((first) => axes.map((second) => `${left}.${first}.${right}.${second}.corr`)),
    reads: frame.reads(left).flatMap((first) => frame.reads(right).map((second) => [...first, ...second])),
    run(out, at) {
      for (let index = 0; index < 9; index++) {
        out[at + index] = correlation(a[axes[(index / 3) | 0]!], b[axes[index % 3]!], a.length);
      }
    },
  };
}

function angleStep(spec: FeaturesSpec, frame: Frame): Step {
  const seen = spec.groups.filter((group) => group.signals.includes("vertical")).flatMap(tripletNames);
  const triplets: Triplet[] = seen.map((name) => frame.triplet(name));
  const angles = createAngles(spec.gravity?.body !== undefined);
  const names = angleNames(seen);
  // The angles of triplets stand last, one each.
  const own = names.length - seen.length;
  return {
    names,
    reads: names.map((_, index) => (index < own ? frame.reads("gravity").flat() : alongUp(seen[index - own]!, frame))),
    run: (out, at) => angles(frame.triplet("gravity"), frame.up, triplets, out, at),
  };
}
