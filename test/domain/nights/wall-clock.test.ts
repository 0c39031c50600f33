import { describe, expect, it } from "vitest";
import { instantOf, isZone, localText } from "../../../lib/domain/nights/wall-clock.ts";

describe("the instant of a time on the clocks", () => {
  it.each([
    ["on any day", "Europe/Berlin", "2026-06-01T02:30:00Z", "2026-06-01T00:30:00.000Z", null],
    ["in the gap of spring: the first after it", "Europe/Berlin", "2026-03-29T02:30:00Z", "2026-03-29T01:00:00.000Z", "missing"],
    ["that autumn shows twice: the first", "Europe/Berlin", "2026-10-25T02:30:00Z", "2026-10-25T00:30:00.000Z", "doubled"],
    ["that autumn shows twice, west of Greenwich", "America/New_York", "2027-11-07T01:30:00Z", "2027-11-07T05:30:00.000Z", "doubled"],
    ["in a gap at midnight", "America/Havana", "2027-03-14T00:30:00Z", "2027-03-14T05:00:00.000Z", "missing"],
    ["in a gap of half an hour", "Australia/Lord_Howe", "2027-10-03T02:15:00Z", "2027-10-02T15:30:00.000Z", "missing"],
    ["on a day that was left out", "Pacific/Apia", "2011-12-30T02:30:00Z", "2011-12-30T10:00:00.000Z", "missing"],
    ["with an offset of half hours", "Asia/Kolkata", "2027-01-01T00:00:00Z", "2026-12-31T18:30:00.000Z", null],
  ])("%s", (_, zone, wall, instant, change) => {
    const found = instantOf(zone, Date.parse(wall));
    expect([new Date(found.at).toISOString(), found.change]).toEqual([instant, change]);
  });

  it("is written as the clocks show it", () => {
    expect(localText("Asia/Kolkata", Date.parse("2026-12-31T18:30:00Z"))).toBe("2027-01-01 00:00");
    expect(localText("UTC", Date.parse("2026-12-31T18:30:07Z"))).toBe("2026-12-31 18:30:07");
  });

  it("needs a zone that exists and has clocks", () => {
    expect(["Europe/Berlin", "UTC", "Mars/Olympus", "+02:00", "", "Europe/berlin "].map(isZone)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
