import { describe, expect, it } from "vitest";
import { assignSplit, type SplitUnit } from "../../lib/domain/split.ts";

const units = (count: number, from = 0): SplitUnit[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `b${from + index}`,
    name: `${from + index}`,
    rank: `${((from + index) * 7919) % 1000}`.padStart(4, "0"),
  }));
const sizes = (sides: Map<string, string>) =>
  ["train", "validation", "holdout"].map((side) => [...sides.values()].filter((value) => value === side).length);

describe("assignSplit", () => {
  it("fills the holdout by its share of all and validation by its share of the rest", () => {
    expect(sizes(assignSplit(units(20), { by: "subject", holdout: 0.3, validation: 0.2 }, new Map()))).toEqual([11, 3, 6]);
  });

  it("takes the holdout the spec names, and nobody else", () => {
    const sides = assignSplit(units(10), { by: "subject", holdout: ["2", "4"], validation: 0.25 }, new Map());
    expect([...sides].filter(([, side]) => side === "holdout").map(([id]) => id)).toEqual(["b2", "b4"]);
    expect(sizes(sides)).toEqual([6, 2, 2]);
  });

  it("puts nobody who was made up on a side, and counts them for no share", () => {
    const synthetic = units(20, 100).map((unit) => ({ ...unit, id: `synthetic-${unit.id}` }));
    const spec = { by: "subject", holdout: 0.3, validation: 0.2 } as const;
    expect(assignSplit([...units(20), ...synthetic], spec, new Map())).toEqual(assignSplit(units(20), spec, new Map()));
  });

  it("moves nobody to another side when people join", () => {
    const before = assignSplit(units(10), { by: "subject", holdout: 0.3, validation: 0.2 }, new Map());
    const after = assignSplit(units(16), { by: "subject", holdout: 0.3, validation: 0.2 }, before);
    for (const [id, side] of before) expect(after.get(id)).toBe(side);
    expect(sizes(after)).toEqual([9, 2, 5]);
  });

  it("lets those learn that people alone labelled, moves nobody for them, and heeds the spec and the past before", () => {
    const spec = { by: "subject", holdout: 0.3, validation: 0.2 } as const;
    const before = assignSplit(units(10), spec, new Map());
    const late = units(30, 10).map((unit) => ({ ...unit, byPeople: true }));
    const after = assignSplit([...units(10), ...late], spec, before);
    expect(sizes(after)).toEqual([sizes(before)[0]! + 30, ...sizes(before).slice(1)]);
    // The same from nothing: the labels of some must not bring others into the holdout.
    expect(sizes(assignSplit([...units(10), ...late], spec, new Map()))).toEqual(sizes(after));
    expect(assignSplit([...units(10), ...late], { ...spec, holdout: ["12"] }, new Map()).get("b12")).toBe("holdout");
    expect(assignSplit([...units(10), ...late], spec, new Map([["b12", "validation"]])).get("b12")).toBe("validation");
  });

  it("keeps the same samples under several names on one side, wherever they are named or were before", () => {
    const bonded = units(20).map((unit, index) => ({ ...unit, ...(index % 10 === 3 && { bond: "twins" }) }));
    for (const holdout of [0.3, ["3", "5"], ["13"]] as const) {
      const sides = assignSplit(bonded, { by: "recording", holdout: holdout as never, validation: 0.2 }, new Map([["b13", "train"]]));
      expect(sides.get("b3")).toBe(sides.get("b13"));
      if (typeof holdout !== "number") expect(sides.get("b3")).toBe("holdout");
    }
  });

  it("refuses when a side would be empty", () => {
    expect(() => assignSplit(units(2), { by: "subject", holdout: 0.3, validation: 0.2 }, new Map())).toThrow(/too few/);
    expect(() => assignSplit(units(9), { by: "subject", holdout: ["99"], validation: 0.2 }, new Map())).toThrow(/none of the 1 named/);
  });
});
