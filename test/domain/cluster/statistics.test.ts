import { describe, expect, it } from "vitest";
import { covarianceOf, eigenOf } from "../../../lib/domain/cluster/eigen.ts";
import { fitSpace, place } from "../../../lib/domain/cluster/space.ts";
import { PersonStatistics } from "../../../lib/domain/cluster/statistics.ts";
import { randomFor } from "../../../lib/domain/random.ts";

describe("statistics of a person's windows", () => {
  it("are mean and standard deviation of each value, what is missing left out", () => {
    const statistics = new PersonStatistics(["x", "y", "z"]);
    for (const row of [
      [1, 10, NaN],
      [2, NaN, NaN],
      [6, 10, NaN],
    ])
      statistics.add("anna", row);
    statistics.add("ben", [5, 5, 5]);
    expect(statistics.of("anna")).toEqual({ "x mean": 3, "x sd": Math.sqrt(7), "y mean": 10, "y sd": 0, "z mean": null, "z sd": null });
    expect(statistics.of("ben")).toMatchObject({ "x mean": 5, "x sd": null });
    expect(statistics.of("nobody")).toEqual({});
  });

  it("are asked for what tells people apart, once: neither noise, nor constants, nor the same thing in another unit", () => {
    const names = ["noise", "constant", "person", "person in grams", "other"];
    const statistics = new PersonStatistics(names);
    for (let who = 0; who < 30; who++) {
      const person = randomFor(1, who);
      const [own, other] = [5 * person.normal(), person.normal()];
      for (let window = 0; window < 20; window++) {
        const seen = own + person.normal();
        statistics.add(`p${who}`, [person.normal(), 3, seen, 1000 * seen, other + person.normal()]);
      }
    }
    const { columns, names: used } = statistics.telling();
    expect(used).toHaveLength(2);
    expect(used).toEqual(expect.arrayContaining([expect.stringMatching(/^person/), "other"]));
    expect(columns.map(({ name }) => name)).toEqual(expect.arrayContaining(["other mean"]));
  });

  it("may tell people apart by how much a value moves, where its mean does not", () => {
    const statistics = new PersonStatistics(["x"]);
    for (let who = 0; who < 20; who++) {
      const random = randomFor(2, who);
      for (let window = 0; window < 60; window++) statistics.add(`p${who}`, [(1 + who) * random.normal()]);
    }
    expect(statistics.telling().columns.map(({ name }) => name)).toEqual(["x sd"]);
  });

  it("are the value itself where people have one window each", () => {
    const statistics = new PersonStatistics(["x", "same"]);
    for (let who = 0; who < 20; who++) statistics.add(`p${who}`, [who * who, 4]);
    expect(statistics.telling().columns.map(({ name }) => name)).toContain("x mean");
    expect(statistics.of("p3")).toEqual({ "x mean": 9, "x sd": null, "same mean": 4, "same sd": null });
  });

  it("are no more than a dozen", () => {
    const names = Array.from({ length: 40 }, (_, index) => `v${index}`);
    const statistics = new PersonStatistics(names);
    for (let who = 0; who < 50; who++) {
      const random = randomFor(3, who);
      const own = names.map(() => random.normal());
      for (let window = 0; window < 8; window++)
        statistics.add(
          `p${who}`,
          own.map((value) => value + 0.1 * random.normal()),
        );
    }
    expect(statistics.telling().columns).toHaveLength(12);
  });
});

describe("the space of robust statistics", () => {
  it("is not stretched by one wild value, and has the directions that matter", () => {
    const random = randomFor(8);
    const people = Array.from({ length: 60 }, (_, index) => {
      const size = random.normal();
      return { a: size + 0.1 * random.normal(), b: 100 * size, c: index === 0 ? 1e9 : 0.5 * random.normal() };
    });
    const columns = ["a", "b", "c"].map((name) => ({ name, scale: "robust" as const }));
    const space = fitSpace(people, columns, true)!;
    expect(space.columns[2]!.spread).toBeLessThan(1);
    // a and b say the same, c something of its own: two directions explain four fifths.
    expect(space.axes).toHaveLength(2);
    for (const part of space.axes![0]!.slice(0, 2)) expect(Math.abs(part - Math.SQRT1_2)).toBeLessThan(0.1);
    expect(Math.hypot(...place(space, people[0]!)!)).toBeLessThan(3 * Math.sqrt(3));
  });

  it("takes the standard deviation where half of the people have one value", () => {
    const people = Array.from({ length: 20 }, (_, index) => ({ a: index < 17 ? 0 : index }));
    const space = fitSpace(people, [{ name: "a", scale: "robust" }], false)!;
    expect(space.columns[0]).toMatchObject({ middle: 2.7, spread: expect.closeTo(6.44, 1) as number });
  });
});

describe("eigenvectors", () => {
  it("take a symmetric matrix apart: it comes back whole, vectors are of length one and at right angles", () => {
    const random = randomFor(2);
    const rows = Array.from({ length: 50 }, () => Array.from({ length: 9 }, (_, column) => (column + 1) * random.normal()));
    const matrix = covarianceOf([...rows, ...rows.map((row) => row.with(3, row[2]!))]);
    const { values, vectors } = eigenOf(matrix);
    expect(values).toEqual(values.toSorted((a, b) => b - a));
    for (let row = 0; row < 9; row++) {
      for (let column = 0; column < 9; column++) {
        const back = values.reduce((sum, value, index) => sum + value * vectors[index]![row]! * vectors[index]![column]!, 0);
        expect(back).toBeCloseTo(matrix[row]![column]!, 9);
        const product = vectors[row]!.reduce((sum, part, index) => sum + part * vectors[column]![index]!, 0);
        expect(product).toBeCloseTo(row === column ? 1 : 0, 12);
      }
    }
  });

  it("are found of a matrix of nothing", () => {
    expect(
      eigenOf([
        [0, 0],
        [0, 0],
      ]).values,
    ).toEqual([0, 0]);
  });
});
