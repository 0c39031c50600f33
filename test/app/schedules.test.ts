import { beforeAll, describe, expect, it } from "vitest";
import { askNight, startNights } from "../../lib/app/nights.ts";
import { applySpec } from "../../lib/app/projects.ts";
import { withTemporal } from "../../lib/app/outbox.ts";
import { tellSchedule } from "../../lib/app/schedule-telling.ts";
import { ScheduleTimes } from "../../lib/app/schedule-times.ts";
import { backfillSchedule, previewSchedule, setSchedule, showSchedule, tellSchedules } from "../../lib/app/schedules.ts";
import { scheduleInputSchema } from "../../lib/domain/api/nights.ts";
import { workflowId } from "../../lib/domain/ids.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { listNightsToStart } from "../../lib/store/repositories/nights.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { testPlatform } from "../support/platform.ts";
import { specText } from "./world.ts";

const input = (cron: string, timezone = "UTC") => scheduleInputSchema.parse({ cron, timezone });

describe("the times of a schedule", () => {
  const next = (cron: string, zone: string, from: string, count: number) =>
    new ScheduleTimes(cron, zone)
      .next(new Date(from), count)
      .map(({ at, note }) => `${at.toISOString().slice(5, 16)}${note === null ? "" : " !"}`);

  it("are one a local day on both nights of the year, and say what the clocks did to them", () => {
    expect(next("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3)).toEqual(["03-28T01:30", "03-29T01:00 !", "03-30T00:30"]);
    expect(next("30 2 * * *", "Europe/Berlin", "2026-10-24T00:00:00Z", 3)).toEqual(["10-24T00:30", "10-25T00:30 !", "10-26T01:30"]);
    expect(next("30 1 * * *", "America/New_York", "2027-11-06T00:00:00Z", 3)).toEqual(["11-06T05:30", "11-07T05:30 !", "11-08T06:30"]);
  });

  it("do not come again for who looks between the two times that the clocks show", () => {
    expect(next("30 2 * * *", "Europe/Berlin", "2026-10-25T00:45:00Z", 1)).toEqual(["10-26T01:30"]);
    expect(next("30 2 * * *", "Europe/Berlin", "2026-10-25T00:29:00Z", 1)).toEqual(["10-25T00:30 !"]);
  });

  it("that fall together in the gap are one night", () => {
    expect(next("*/30 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3)).toEqual(["03-29T01:00 !", "03-29T01:30", "03-30T00:00"]);
  });

  it("take either day where both are named, as crontab does", () => {
    expect(next("0 0 13 * 5", "UTC", "2026-04-09T12:00:00Z", 3)).toEqual(["04-10T00:00", "04-13T00:00", "04-17T00:00"]);
  });
});

let platform: Platform;
beforeAll(async () => {
  platform = await testPlatform({ SENSORLOOP_LOG_LEVEL: "silent" });
  for (const project of ["nights", "away", "clocks", "a-leap", "late"])
    await applySpec(platform, { text: specText(project), name: "spec.yaml" }, "test");
});

describe("a schedule is refused", () => {
  it.each([
    ["in a zone that is none", "0 3 * * *", "Mars/Olympus", "SCHEDULE_INVALID", /no time zone/],
    ["that cannot be read", "0 25 * * *", "UTC", "SCHEDULE_INVALID", /hour/],
    ["with fields missing", "0 3 1,15 *", "UTC", "SCHEDULE_INVALID", /4 fields/],
    ["for 30 February", "0 0 30 2 *", "UTC", "SCHEDULE_INVALID", /never comes/],
    ["every second", "* * * * * *", "UTC", "SCHEDULE_TOO_OFTEN", /1 seconds apart; here at least 600/],
    ["that is dense once a day only", "0,9 3 * * *", "UTC", "SCHEDULE_TOO_OFTEN", /540 seconds/],
  ])("%s, and nothing is saved", async (_, cron, timezone, code, message) => {
    const refused = { code, message: expect.stringMatching(message) as string };
    await expect(previewSchedule(platform, "nights", input(cron, timezone))).rejects.toMatchObject(refused);
    await expect(setSchedule(platform, "nights", input(cron, timezone), "test")).rejects.toMatchObject(refused);
    expect(
      await platform.db.selectFrom("journal").select("id").where("kind", "=", "schedule.set").where("project", "=", "nights").execute(),
    ).toEqual([]);
  });

  it("not for a leap day, which comes every four years", async () => {
    expect((await previewSchedule(platform, "nights", input("0 0 29 2 *"))).next[0]!.at.slice(5, 10)).toBe("02-29");
  });

  it("for a range of more nights than anybody wants", async () => {
    await setSchedule(platform, "nights", input("0 3 * * *"), "test");
    const range = { from: "2020-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z", parallel: 1, dryRun: true };
    await expect(backfillSchedule(platform, "nights", range, "test")).rejects.toMatchObject({ code: "REQUEST_INVALID" });
  });
});

describe("Temporal, without a worker", () => {
  /** The times at which it says itself that it fires. */
  async function firing(project: string, from: string, to: string): Promise<string[]> {
    const { connection } = await platform.temporal();
    const seconds = (text: string) => ({ seconds: Date.parse(text) / 1000 }) as never;
    const { startTime } = await connection.workflowService.listScheduleMatchingTimes({
      namespace: platform.config.temporal.namespace,
      scheduleId: workflowId.schedule(project),
      startTime: seconds(from),
      endTime: seconds(to),
    });
    return (startTime ?? []).map((time) => new Date(Number(time.seconds) * 1000).toISOString());
  }

  it.each([
    ["forward, past the time", "2027-03-26T12:00:00Z", "2027-03-30T12:00:00Z", ["27T01:30", "28T01:00", "29T00:30", "30T00:30"]],
    ["back, over the time", "2027-10-29T12:00:00Z", "2027-11-01T12:00:00Z", ["30T00:30", "31T00:30", "01T01:30"]],
  ])("fires at the times that are shown where the clocks go %s: once a local day", async (_, from, to, expected) => {
    await setSchedule(platform, "clocks", input("30 2 * * *", "Europe/Berlin"), "test");
    await platform.db.deleteFrom("schedule_told").execute();
    await tellSchedule(platform, "clocks", new Date(from));
    const shown = new ScheduleTimes("30 2 * * *", "Europe/Berlin").between(new Date(from), new Date(to), 10);
    const times = shown.map(({ at }) => at.toISOString());
    expect(times.map((time) => time.slice(8, 16))).toEqual(expected);
    expect(await firing("clocks", from, to)).toEqual(times);
  });

  it("is told of more times long before the last that it knows", async () => {
    await setSchedule(platform, "clocks", input("30 2 * * *", "Europe/Berlin"), "test");
    const long = new Date(Date.now() - 50 * 86_400_000);
    await platform.db.updateTable("schedule_told").set({ told_at: long }).where("project", "=", "clocks").execute();
    await Promise.all([tellSchedules(platform), tellSchedules(platform)]);
    const { told_at } = await platform.db.selectFrom("schedule_told").selectAll().where("project", "=", "clocks").executeTakeFirstOrThrow();
    expect(Date.now() - told_at.getTime()).toBeLessThan(60_000);
  });

  it("is told of leap days as far as its calendars go, and a schedule that cannot be told keeps no other from it", async () => {
    expect(await setSchedule(platform, "a-leap", input("0 0 29 2 *"), "test")).toMatchObject({ told: true });
    const shown = new ScheduleTimes("0 0 29 2 *", "UTC").between(new Date(), new Date("2101-01-01"), 100).map(({ at }) => at.toISOString());
    expect(await firing("a-leap", new Date().toISOString(), "2300-01-01T00:00:00Z")).toEqual(shown);

    await platform.db.deleteFrom("schedule_told").execute();
    await platform.db.updateTable("schedule").set({ cron: "of another version" }).where("project", "=", "a-leap").execute();
    await tellSchedules(platform);
    expect(await showSchedule(platform, "clocks")).toMatchObject({ told: true });
    await platform.db.deleteFrom("schedule").where("project", "=", "a-leap").execute();
    const refused = withTemporal(platform, (client) => client.workflow.start("any", { workflowId: "any", taskQueue: "x".repeat(2_000) }));
    await expect(refused).rejects.toMatchObject({ code: "REQUEST_INVALID", message: expect.stringMatching(/^Temporal refuses/) as string });
  });

  it("is told of overlap, jitter and catch-up, and what was due before it could be told is asked for, the newest alone", async () => {
    const wanted = { ...input("*/10 * * * *"), overlap: "buffer" as const, jitterSeconds: 90, catchupMinutes: 25 };
    const away = openPlatform(
      { ...platform.config, temporal: { ...platform.config.temporal, address: "127.0.0.1:1" } },
      { connectMs: 200 },
    );
    closeAfterwards(async () => away[Symbol.asyncDispose]());
    const { setAt } = await setSchedule(away, "late", wanted, "eve");
    const back = new Date(Date.parse(setAt) + 3_600_000);
    await tellSchedule(platform, "late", back);
    const handle = (await platform.temporal()).schedule.getHandle(workflowId.schedule("late"));
    expect(await handle.describe()).toMatchObject({
      spec: { jitter: 90_000 },
      policies: { overlap: "BUFFER_ONE", catchupWindow: 25 * 60_000 },
    });
    const due = new Date(Math.floor(back.getTime() / 600_000) * 600_000);
    const rows = await platform.db.selectFrom("night").select(["id", "cause", "asked_by"]).where("project", "=", "late").execute();
    expect(rows).toEqual([{ id: `late/${due.toISOString().slice(0, 19)}Z`, cause: "clock", asked_by: "eve" }]);
  });

  it("F11: is told and starts once what was decided while it was away, however many workers try", async () => {
    const away = openPlatform(
      { ...platform.config, temporal: { ...platform.config.temporal, address: "127.0.0.1:1" } },
      { connectMs: 200 },
    );
    closeAfterwards(async () => away[Symbol.asyncDispose]());
    const request = { cause: "request" as const, why: "", id: "away-1" };
    const answers = await Promise.all([
      askNight(away, "away", request, "test"),
      askNight(away, "away", request, "test"),
      setSchedule(away, "away", input("0 3 * * *"), "test"),
    ]);
    const asked = { id: "away-1", state: "asked" };
    expect(answers).toMatchObject([asked, asked, { told: false }]);

    await Promise.all([startNights(platform), startNights(platform), tellSchedules(platform), tellSchedules(platform)]);
    expect(await showSchedule(platform, "away")).toMatchObject({ told: true });
    const client = await platform.temporal();
    const { info } = await client.schedule.getHandle(workflowId.schedule("away")).describe();
    expect(info.nextActionTimes[0]?.toISOString()).toMatch(/T03:00:00/);
    const { status } = await client.workflow.getHandle(workflowId.night("away-1")).describe();
    expect(status.name).toBe("RUNNING");
    const { kind } = await platform.db.selectFrom("journal").select("kind").where("subject", "=", "away-1").executeTakeFirstOrThrow();
    expect(kind).toBe("night.asked");
    expect(await listNightsToStart(platform.db, 10)).toEqual([]);
  });
});
