import { describe, expect, it } from "vitest";
import { decimalsFor, differenceText, estimateText, shareOfText, shareText } from "../../lib/domain/estimate-text.ts";
import { bytesText, countText, intervalText, percentText, shortCountText } from "../../web/ui/parts/number-text.ts";

describe("numbers as people read them", () => {
  it("an estimate never has more digits than its interval supports", () => {
    expect(estimateText({ value: 0.94123, low: 0.9291, high: 0.9532 })).toBe(".941 ± .012");
    expect(estimateText({ value: 0.94123, low: 0.89, high: 0.99 })).toBe(".94 ± .05");
    expect(estimateText({ value: 0.94123, low: 0.9392, high: 0.9432 })).toBe(".9412 ± .0020");
    expect(estimateText({ value: 0.62, low: 0.2, high: 1 })).toBe(".6 ± .4");
  });

  it("an estimate without an interval has two digits and says why on hover", () => {
    expect(estimateText({ value: 0.94123, low: null, high: null })).toBe(".94");
    expect(intervalText({ value: 0.94123, low: null, high: null })).toBe("no interval: fewer than two subjects");
    expect(intervalText({ value: 0.94123, low: 0.9291, high: 0.9532 })).toBe("95 % interval .9291 to .9532, by subject");
  });

  it("an interval of no width does not print as plus or minus nothing", () => {
    expect(estimateText({ value: 1, low: 1, high: 1 })).toBe("1.00");
    expect(decimalsFor(0)).toBe(2);
    expect(decimalsFor(Number.NaN)).toBe(2);
  });

  it("a share of few windows has fewer digits than one of many", () => {
    expect(shareOfText(0.6, 5)).toBe(".6");
    expect(shareOfText(0.9123, 300)).toBe(".91");
    expect(shareOfText(0.9123, 20_000)).toBe(".912");
    expect(shareOfText(null, 0)).toBe("–");
  });

  it("differences carry their sign, and zero carries none", () => {
    expect(differenceText(0.0143, 0.0061, 0.0225)).toBe("+.014 ± .008");
    expect(differenceText(-0.0143, null, null)).toBe("\u2212.01");
    expect(differenceText(0.0001, -0.05, 0.05)).toBe(".00 ± .05");
  });

  it("counts are separated by thousands, and short ones keep three figures", () => {
    expect(countText(1_122_772)).toBe("1,122,772");
    expect(countText(-1234)).toBe("\u22121,234");
    expect(countText(999)).toBe("999");
    expect([9999, 10_299, 999_499, 1_122_772, 13_500_000].map(shortCountText)).toEqual(["9,999", "10.3k", "999k", "1.12M", "13.5M"]);
  });

  it("a share that is not quite nothing or all is not rounded to it", () => {
    expect(percentText(1, 1_000_000)).toBe("<0.1\u202f%");
    expect(percentText(999_999, 1_000_000)).toBe(">99.9\u202f%");
    expect(percentText(0, 1000)).toBe("0\u202f%");
    expect(percentText(59, 491)).toBe("12\u202f%");
    expect(percentText(1, 0)).toBe("–");
  });

  it("bytes and bare shares have units and no leading zero", () => {
    expect(bytesText(148_220_412)).toBe("148\u202fMB");
    expect(bytesText(999)).toBe("999\u202fB");
    expect(shareText(0.5, 2)).toBe(".50");
    expect(shareText(10.5, 1)).toBe("10.5");
  });
});
