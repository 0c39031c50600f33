import { describe, expect, it } from "vitest";
import { randomFor } from "../../lib/domain/random.ts";
import type { Recording } from "../../lib/domain/recording.ts";
import { isSynthetic } from "../../lib/domain/recording-id.ts";
import { autocorrelationOf, cellOf, EVERYBODY, withinCorrelationOf, type Description } from "../../lib/domain/statistics/document.ts";
import { planFor, type Plan } from "../../lib/domain/statistics/plan.ts";
import { describeRecordings } from "../../lib/domain/statistics/recordings.ts";
import { factorOf } from "../../lib/domain/synthesis/correlation-matrix.ts";
import { fidelityOf } from "../../lib/domain/synthesis/fidelity.ts";
import { normalCdf, normalSource } from "../../lib/domain/synthesis/normal.ts";
import { planPeople } from "../../lib/domain/synthesis/people.ts";
import { privacyOf, type Points } from "../../lib/domain/synthesis/privacy.ts";
import { recordingsOf } from "../../lib/domain/synthesis/recordings.ts";
import { decideJoining } from "../../lib/domain/synthesis/report.ts";
import { Synthesizer } from "../../lib/domain/synthesis/synthesizer.ts";

/** People of one class each, `rows` rows each, drawn row by row. */
async function describePeople(
  kind: Plan["kind"],
  people: number,
  rows: number,
  columns: (person: number, normal: () => number) => (at: number) => readonly number[],
  classOf: (person: number) => string = () => "only",
): Promise<Description> {
  const width = columns(0, () => 0)(0).length;
  const names = Array.from({ length: width }, (_, index) => `c${index}`);
  const classes = [...new Set(Array.from({ length: people }, (_, person) => classOf(person)))];
  const recordings = Array.from({ length: people }, (_, person): Recording => {
    const row = columns(person, normalSource(randomFor(5, person)));
    const values = names.map(() => new Float32Array(rows));
    for (let at = 0; at < rows; at++) for (const [column, value] of row(at).entries()) values[column]![at] = value;
    return {
      subject: `person-${person}`,
      recording: `r-${person}`,
      rateHz: 50,
      startUs: 0,
      length: rows,
      channels: new Map(names.map((name, index) => [name, values[index]!])),
      stretches: [[0, rows]],
      labels: [{ label: classOf(person), from: 0, to: rows }],
    };
  });
  return describeRecordings(
    () => recordings,
    { kind, rateHz: 50, channels: names, classes, bins: 64, lags: kind === "signals" ? 40 : 0 },
    () => EVERYBODY,
  );
}

async function madeUp(description: Description, people: number, seed = 1) {
  const plan = planPeople(description, people);
  const synthesizer = new Synthesizer(description, { seed, mostRows: Infinity });
  const recordings = plan.people.flatMap((person) => [
    ...recordingsOf(person, description, synthesizer, description.kind === "signals" ? "sliding" : "row", () => 0),
  ]);
  const bins = planFor(description);
  const statistics = await describeRecordings(
    () => recordings,
    bins,
    () => EVERYBODY,
    bins,
  );
  return { ...plan, synthesizer, recordings, statistics };
}

const failures = (real: Description, made: Description) => fidelityOf(real, made).filter(({ pass }) => !pass);

describe("normal numbers", () => {
  it("have the normal distribution, and its probabilities are right to the last digits", () => {
    expect(normalCdf(0)).toBeCloseTo(0.5, 15);
    expect(normalCdf(-1.959963984540054)).toBeCloseTo(0.025, 15);
    expect(normalCdf(-8) / 6.220960574271785e-16).toBeCloseTo(1, 7);
    const normal = normalSource(randomFor(1));
    const drawn = Float64Array.from({ length: 100_000 }, normal);
    const below = drawn.filter((value) => value < -1).length / drawn.length;
    expect(Math.abs(below - normalCdf(-1))).toBeLessThan(0.004);
  });
});

describe("a matrix of correlations", () => {
  it("that is singular or impossible is mended, and it is said how", () => {
    const full = factorOf(3, () => 0.5);
    expect(full.mended).toBeNull();
    const singular = factorOf(3, () => 1);
    expect(singular.mended).toMatchObject({ clipped: 2 });
    expect(singular.mended!.change).toBeLessThan(1e-5);
    // Nobody can be the opposite of both of two opposites.
    const impossible = factorOf(3, () => -0.9);
    expect(impossible.mended).toMatchObject({ clipped: 1 });
    expect(impossible.mended!.leastEigenvalue).toBeCloseTo(-0.8, 12);
    const product = (i: number, j: number) =>
      [0, 1, 2].reduce((sum, k) => sum + impossible.lower[3 * i + k]! * impossible.lower[3 * j + k]!, 0);
    expect([product(0, 0), product(1, 1)]).toEqual([expect.closeTo(1, 9), expect.closeTo(1, 9)]);
    expect(product(0, 1)).toBeCloseTo(-0.5, 4);
  });
});

describe("rows made up of statistics", () => {
  it("have the correlations and the marginals of skewed, bounded and whole columns", async () => {
    const real = await describePeople("rows", 40, 500, (_, normal) => () => {
      const [z, e] = [normal(), normal()];
      return [Math.exp(z), 1 / (1 + Math.exp(-(0.8 * z + 0.6 * e))), Math.round(10 - 3 * z), e];
    });
    const made = await madeUp(real, 40);
    expect(failures(real, made.statistics)).toEqual([]);
    const [cell, other] = [cellOf(real, "only")!, cellOf(made.statistics, "only")!];
    for (const [i, j] of [
      [0, 1],
      [0, 2],
      [1, 2],
      [1, 3],
    ] as const)
      expect(withinCorrelationOf(real, other, i, j)).toBeCloseTo(withinCorrelationOf(real, cell, i, j), 1);
    expect(other.channels["c2"]!.whole).toBe(true);
  });

  it("are people first: their means and spreads vary as those of the real ones", async () => {
    const classes = { pro: [50, 3], amateur: [65, 5] } as const;
    const classOf = (person: number) => (person % 2 === 0 ? "pro" : "amateur");
    const real = await describePeople(
      "rows",
      400,
      90,
      (person, normal) => {
        const [mean, sd] = classes[classOf(person)];
        const [own, spread] = [mean + sd * normal(), Math.abs(1 + 2 * normal())];
        return () => [Math.round(own + spread * normal())];
      },
      classOf,
    );
    const made = await madeUp(real, 400);
    expect(failures(real, made.statistics)).toEqual([]);
    expect(made.people.filter(({ classes: [first] }) => first === 0)).toHaveLength(200);
    for (const [name, [mean, sd]] of Object.entries(classes)) {
      const { people } = cellOf(made.statistics, name)!.channels["c0"]!;
      expect(Math.abs(people.mean.mean - mean)).toBeLessThan(1);
      expect(people.mean.sd / sd).toBeGreaterThan(0.85);
      expect(people.mean.sd / sd).toBeLessThan(1.15);
      expect(Math.abs(people.sd.mean - cellOf(real, name)!.channels["c0"]!.people.sd.mean)).toBeLessThan(0.2);
    }
  });

  it("are signals where rows were: spectrum, correlation between channels, and marginals", async () => {
    const real = await describePeople("signals", 10, 2_000, (person, normal) => {
      let [swing, before] = [0, 0];
      return () => {
        // An autoregression with a resonance at 2 Hz.
        [swing, before] = [1.9 * swing - 0.96 * before + normal(), swing];
        return [person + swing, 0.7 * swing + 2 * normal(), 1];
      };
    });
    const made = await madeUp(real, 10);
    const wanted = autocorrelationOf(cellOf(real, "only")!.channels["c0"]!);
    const found = autocorrelationOf(cellOf(made.statistics, "only")!.channels["c0"]!);
    expect(wanted[12]).toBeLessThan(-0.5);
    for (const [lag, value] of wanted.entries()) expect(Math.abs(found[lag]! - value), `lag ${lag}`).toBeLessThan(0.1);
    expect(failures(real, made.statistics)).toEqual([]);
    expect(cellOf(made.statistics, "only")!.channels["c2"]).toMatchObject({ mean: 1, sd: 0 });
  });

  it("are the same for the same seed, person by person, and others for another", async () => {
    const real = await describePeople("signals", 5, 300, (_, normal) => () => [normal(), normal()]);
    const bytes = (made: Awaited<ReturnType<typeof madeUp>>) =>
      made.recordings.map(({ channels }) =>
        Buffer.concat([...channels.values()].map((values) => Buffer.from(values.buffer))).toString("base64"),
      );
    const [one, more, other] = [await madeUp(real, 3), await madeUp(real, 6), await madeUp(real, 3, 2)];
    expect(bytes(more).slice(0, 3)).toEqual(bytes(one));
    expect(bytes(other)).not.toEqual(bytes(one));
    expect(one.recordings.every(({ subject, recording }) => isSynthetic(subject) && isSynthetic(recording))).toBe(true);
  });

  it("leave out a class that too few people have rows of, and say so", async () => {
    const real = await describePeople(
      "rows",
      10,
      20,
      (_, normal) => () => [normal()],
      (person) => (person === 0 ? "rare" : "common"),
    );
    const made = await madeUp(real, 10);
    expect(made.leftOut).toEqual([
      { class: "rare", cohort: "all", reason: "1 person has rows of it, which would tell of them; 3 are needed" },
    ]);
    expect(new Set(made.people.flatMap(({ classes }) => classes))).toEqual(new Set([real.classes.indexOf("common")]));
    const alone = await describePeople("rows", 2, 20, (_, normal) => () => [normal()]);
    expect(planPeople(alone, 5).people).toEqual([]);
  });

  it("fail the report where they are not alike", async () => {
    const draw = (slope: number) =>
      describePeople("rows", 20, 200, (_, normal) => () => {
        const z = normal();
        return [z, slope * z + normal()];
      });
    const [real, other] = [await draw(2), await draw(-2)];
    const statistics = failures(real, other).map(({ statistic, of }) => `${statistic} of ${of}`);
    expect(statistics).toEqual(["correlation of c0 with c1", "correlation within people of c0 with c1"]);
  });
});

describe("privacy", () => {
  const pointsOf = (seed: number, people: number): Points => {
    const normal = normalSource(randomFor(8, seed));
    const width = 6;
    return {
      width,
      values: Float32Array.from({ length: people * 10 * width }, normal),
      person: Int32Array.from({ length: people * 10 }, (_, row) => Math.floor(row / 10)),
    };
  };
  const names = Array.from({ length: 20 }, (_, person) => `synthetic-${person}`);
  const [training, reference, made] = [pointsOf(1, 60), pointsOf(2, 30), pointsOf(3, 20)];

  it("is there where nobody is nearer to the real people than other real people", () => {
    expect(privacyOf(training, reference, made, names)).toMatchObject({
      pass: true,
      copies: [],
      synthetic: 200,
      reference: 300,
      training: 600,
    });
  });

  it("is not there where one person is a copy, even with some noise", () => {
    const values = made.values.slice();
    for (let at = 0; at < 60; at++) values[at] = training.values[at]! + 0.01;
    expect(privacyOf(training, reference, { ...made, values }, names)).toMatchObject({ pass: false, copies: ["synthetic-0"] });
  });
});

describe("whether made-up windows join the training", () => {
  const privacy = privacyOf(
    { width: 1, values: Float32Array.of(0), person: Int32Array.of(0) },
    { width: 1, values: Float32Array.of(1), person: Int32Array.of(0) },
    { width: 1, values: Float32Array.of(5), person: Int32Array.of(0) },
    ["synthetic-1"],
  );
  const score = (macroF1: number) => ({ accuracy: 0.9, macroF1 });
  const transfer = (real: number, both: number) => ({
    real: score(real),
    both: score(both),
    syntheticToReal: score(0.5),
    realToSynthetic: score(0.5),
  });

  it.each([
    ["if-better", 0.8, 0.8, true],
    ["if-better", 0.8, 0.7999, false],
    ["if-better", 0.8, NaN, false],
    ["never", 0.8, 0.9, false],
  ] as const)("%s, macro F1 %d before and %d after: %s", (asked, real, both, joins) => {
    expect(decideJoining(asked, { windows: 10, privacy, transfer: transfer(real, both) })).toMatchObject({
      joins,
      macroF1: { real, both },
    });
  });

  it("never, where they copy somebody, cannot be judged, or are none", () => {
    const good = { windows: 10, privacy, transfer: transfer(0.8, 0.9) };
    for (const bad of [{ privacy: { ...privacy, pass: false } }, { privacy: null }, { transfer: null }, { windows: 0 }])
      expect(decideJoining("if-better", { ...good, ...bad }).joins).toBe(false);
  });
});
