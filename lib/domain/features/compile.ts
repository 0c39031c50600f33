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
  /**
   * Writes the features of samples [from, to) of `channels`, in the order given to `compileFeatures`, into `out` from
   * `at` on. Nothing is allocated while windows are no longer than announced. NaN means that a sample was missing.
   */
  compute(channels: readonly Float32Array[], from: number, to: number, out: Float32Array, at: number): void;
}

type Group = FeaturesSpec["groups"][number];
/** Some neighbouring values of a row: their names, and how they come about once the frame is loaded. */
interface Step {
  readonly names: readonly string[];
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
function signalStep(name: string, formulas: SignalFormulas, signal: () => Float64Array, length: () => number): Step {
  return {
    names: formulas.names.map((formula) => (formula === "" ? name : `${name}.${formula}`)),
    run: (out, at) => formulas.compute(signal(), length(), out, at),
  };
}

function tripletSteps(name: string, signals: Group["signals"], formulas: SignalFormulas, frame: Frame): Step[] {
  const triplet = frame.triplet(name);
  const { scratch, up } = frame;
  const step = (signal: string, samples: () => Float64Array) => signalStep(`${name}.${signal}`, formulas, samples, () => triplet.length);
  const steps: Step[] = [];
  if (signals.includes("axes"))
    steps.push(
      step("x", () => triplet.x),
      step("y", () => triplet.y),
      step("z", () => triplet.z),
    );
  if (signals.includes("magnitude")) steps.push(step("magnitude", () => magnitude(triplet, scratch.values)));
  if (signals.includes("vertical")) steps.push(step("vertical", () => vertical(triplet, up, scratch.values)));
  if (signals.includes("horizontal")) steps.push(step("horizontal", () => horizontal(triplet, up, scratch.values)));
  if (signals.includes("principal") && !name.endsWith(".jerk")) {
    const components = createTriplet(triplet.x.length);
    const principal = createPrincipal();
    const shares = new Float64Array(3);
    steps.push({
      names: ["share1", "share2", "share3"].map((share) => `${name}.principal.${share}`),
      run(out, at) {
        if (components.x.length < triplet.length) growTriplet(components, triplet.x.length);
        principal(triplet, components, shares);
        out.set(shares, at);
      },
    });
    steps.push(
      step("principal1", () => components.x),
      step("principal2", () => components.y),
      step("principal3", () => components.z),
    );
  }
  return steps;
}

function correlationStep(name: string, frame: Frame): Step {
  const triplet = frame.triplet(name);
  const standard = frame.standardised(name);
  return {
    names: ["corrXy", "corrXz", "corrYz", "logSma"].map((formula) => `${name}.${formula}`),
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
  return { names: angleNames(seen), run: (out, at) => angles(frame.triplet("gravity"), frame.up, triplets, out, at) };
}
