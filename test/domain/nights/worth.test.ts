import { describe, expect, it } from "vitest";
import { isWorthIt, type NightData } from "../../../lib/domain/nights/worth.ts";

const data: NightData = {
  ...{ cause: "clock", uploads: 3, labels: 30, sha256: "now", specSha256: "spec", newLabels: 0, newFiles: 0 },
  last: { run: "r1", sha256: "then", specSha256: "spec" },
};
const retrain = { minLabels: 20, atLabels: 5, watch: [], measureGain: true };
const worth = (change: Partial<NightData>) => isWorthIt({ ...data, ...change }, retrain);

describe("a night is worth it", () => {
  it.each<[string, Partial<NightData>, boolean, RegExp]>([
    ["not without a file, whatever there is beside", { uploads: 0, last: null, newLabels: 99 }, false, /no files/],
    ["when nothing was trained yet", { last: null }, true, /nothing was trained/],
    [
      "not on the same data, however new the labels look",
      { sha256: "then", newLabels: 99, newFiles: 9 },
      false,
      /since run r1: the same 3 files/,
    ],
    ["when the spec is another", { specSha256: "other" }, true, /the spec has changed/],
    ["for one new file", { newFiles: 1 }, true, /1 new file and no new labels/],
    ["for enough labels", { newLabels: 20 }, true, /20 new labels/],
    ["not for one label less", { newLabels: 19 }, false, /19 new labels of the 20 it takes, and no new file/],
    ["for fewer where labels ask, as the spec lets them", { cause: "labels", newLabels: 5 }, true, /5 new labels/],
  ])("%s", (_, change, expected, reason) => {
    const verdict = worth(change);
    expect(verdict.worth).toBe(expected);
    expect(verdict.reason).toMatch(reason);
  });
});
