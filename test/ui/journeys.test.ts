import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { accessibilityProblems, launchBrowser, openPage, signIn, type Watched } from "./browser.ts";
import { builtPages } from "./built-pages.ts";
import { finishedRun, stages } from "./fixtures.ts";
import { runSlots } from "./model-fixtures.ts";
import { type StandIn, startStandIn } from "./stand-in.ts";

/** One browser, one page, one server for all; what a test changes on the server is put back after it. */
let server: StandIn;
let browser: Browser;
let watched: Watched;
let page: Page;
beforeAll(async () => {
  server = await startStandIn(await builtPages());
  browser = await launchBrowser();
  watched = await openPage(browser, server.url);
  ({ page } = watched);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});
afterEach(() => {
  server.reset();
  expect(watched.complaints.splice(0)).toEqual([]);
});

/** The default second is too short on a busy machine. */
const eventually: typeof expect.poll = (actual, options) => expect.poll(actual, { timeout: 20_000, ...options });
const lastPosted = () => server.posted.at(-1);

describe("the pages, under a policy that allows nothing inline", () => {
  it("a wrong password is refused in words, and a link is kept through the sign-in", async () => {
    await page.goto("/p/har/runs/run-0008?stage=clean");
    await page.getByLabel("Account").fill("ada");
    await page.getByRole("textbox", { name: "Password" }).fill("wrong");
    await page.keyboard.press("Enter");
    await eventually(() => page.getByRole("alert").innerText()).toContain("Account and password do not match.");
    await signIn(page);
    await page.getByRole("heading", { name: /Run run-0008/ }).waitFor();
    expect(new URL(page.url()).searchParams.get("stage")).toBe("clean");
    expect(await page.getByRole("link", { name: "clean" }).getAttribute("aria-expanded")).toBe("true");
  });

  it("the run page follows a run that is going on, through a break of the stream, without a reload", async () => {
    server.run = {
      ...finishedRun,
      state: "running",
      stage: "train",
      endedAt: null,
      candidate: null,
      decision: null,
      metrics: null,
      stages: stages(16, "train"),
    };
    await page.goto("/runs/run-0008");
    const train = page.getByRole("row", { name: /^train/ });
    await eventually(() => train.innerText()).toContain("Running");
    expect(await train.innerText()).toContain("of 40 epochs");
    const before = await train.getByRole("cell").nth(2).innerText();
    await eventually(() => train.getByRole("cell").nth(2).innerText()).not.toBe(before);
    expect(await page.getByText("Promoted: macro F1").count()).toBe(0);

    server.cut(true);
    await eventually(() => page.getByRole("button", { name: /^Health/ }).getAttribute("aria-label")).toBe("Health: Reconnecting");
    server.run = finishedRun;
    server.cut(false);
    await page.getByText("Promoted: macro F1 +.014 ± .008 against the champion").waitFor({ timeout: 20_000 });
    await eventually(() => train.innerText()).toContain("Done");

    server.run = { ...finishedRun, state: "cancelled" };
    server.tell({ project: "har", run: "run-0008", kind: "run" });
    await eventually(() => page.getByRole("heading", { level: 1 }).innerText()).toContain("Cancelled");
  });

  it("with the keyboard alone: find a run, open a stage, approve at the gate with a reason", async () => {
    server.run = { ...finishedRun, state: "waiting", endedAt: null, decision: null };
    await page.goto("/p/har/overview");
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: /Find/ }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.keyboard.type("run-0008");
    await page.getByRole("option", { name: /run-0008/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByText("The gate asks for your decision").waitFor();
    await page.getByRole("link", { name: "evaluate" }).focus();
    await page.keyboard.press("Enter");
    await eventually(() => new URL(page.url()).searchParams.get("stage")).toBe("evaluate");
    await page.getByRole("button", { name: "Approve" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Approve the candidate?" }).waitFor();
    expect(await accessibilityProblems(page, "[role=dialog]")).toEqual([]);
    await eventually(() => page.evaluate(() => document.activeElement?.tagName)).toBe("TEXTAREA");
    await page.keyboard.type("looks right");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(lastPosted()).toEqual({ route: "approveRun", body: { approve: true, why: "looks right" } });
  });

  it("a promotion sends the champion its reader saw, and a refusal is shown where it was asked for", async () => {
    await page.goto("/p/har/models/m-0007-logistic");
    await page.getByText("Not the native TensorFlow").waitFor();
    server.champion = "m-0009-cnn";
    await page.getByRole("button", { name: "Promote" }).click();
    const dialog = page.getByRole("dialog");
    const promote = dialog.getByRole("button", { name: "Promote" });
    await dialog.getByLabel("Why").fill("it is better for the people of the ward");
    await dialog.getByLabel(/^Type/).fill("har/all/acc");
    expect(await promote.isDisabled()).toBe(true);
    await dialog.getByLabel(/^Type/).fill("har/all/acc+gyro");
    expect(await accessibilityProblems(page, "[role=dialog]")).toEqual([]);
    await promote.click();
    await eventually(() => dialog.getByRole("alert").innerText()).toContain("Another model is champion by now.");
    expect(lastPosted()).toMatchObject({
      route: "promoteModel",
      body: { expected: "m-0008-mlp", why: "it is better for the people of the ward" },
    });
  });

  it("the family tree tells by keyboard what was changed in a trial, and leads to the run's slots and back", async () => {
    server.run = { ...finishedRun, slots: runSlots };
    await page.goto("/p/har/runs/run-0008");
    const slots = page.getByRole("region", { name: "Slots, scrollable" });
    await eventually(() => slots.innerText()).toContain("none of 4 models could be trained");
    await slots.getByRole("link", { name: "all / acc + gyro" }).click();
    await page.getByRole("heading", { name: "Family tree" }).waitFor();
    expect(new URL(page.url()).searchParams.get("run")).toBe("run-0008");
    const trial = page.getByRole("link", { name: /t-7/ });
    await trial.focus();
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Tab");
    await eventually(() => page.getByRole("tooltip").allInnerTexts()).toEqual([expect.stringContaining("dropout .3 -> .5")]);
    // Its family is lit: t-1, t-5, t-7 and the refit t-9, joined by three lines.
    await eventually(() => page.locator("path[data-lit]").count()).toBe(3);
    await page.getByText("The same as a table").click();
    await page.getByRole("region", { name: "Trials, scrollable" }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByRole("tab", { name: "Leaderboard" }).click();
    await page.getByText("TRAINING_DIVERGED: The loss became infinite in epoch 3.").waitFor();
  });

  it("a file is sent from the page, and what became of it is said", async () => {
    await page.goto("/p/har/data");
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Upload files" }).click();
    await (await chooser).setFiles([{ name: "acc_exp62_user31.txt", mimeType: "text/plain", buffer: Buffer.from("ax ay az\n1 2 3\n") }]);
    await page.getByText("1 file taken in").waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    const { route, body } = lastPosted() ?? {};
    expect(route).toBe("addUploads");
    expect(String(body)).toContain('filename="acc_exp62_user31.txt"');
    expect(String(body)).toContain("ax ay az\n1 2 3");
  });

  it("a failed run is done again from where it failed, under an id of the page's own", async () => {
    await page.goto("/p/har/runs/run-0006?stage=train");
    await page.getByRole("button", { name: "Retry from here" }).click();
    await page.getByRole("heading", { name: /Run run-0008/ }).waitFor();
    expect(lastPosted()).toEqual({
      route: "startRun",
      body: { id: expect.stringMatching(/^run-[0-9a-f]{20}$/), again: "run-0006" },
    });
  });

  it("an unknown run, an unknown page and an unknown filter are answered in words", async () => {
    await page.goto("/p/har/runs/nope");
    await eventually(() => page.getByRole("alert").innerText()).toMatch(/There is no run 'nope'\.[\s\S]*NOT_FOUND/);
    await page.goto("/p/har/nothing");
    await page.getByText("There is no such page").waitFor();
    await page.goto("/p/har/runs?state=exploded");
    await page.getByRole("heading", { name: "All runs" }).waitFor();
  });

  it("a schedule is saved only after its next times were shown, and an impossible zone is refused in words", async () => {
    await page.goto("/p/har/nights");
    await page.getByRole("button", { name: "Change" }).click();
    const dialog = page.getByRole("dialog", { name: "Change the schedule" });
    const save = dialog.getByRole("button", { name: "Save" });
    await dialog.getByLabel("Time zone").fill("Mars");
    await eventually(() => dialog.getByRole("alert").innerText()).toContain("'Mars' is no time zone");
    expect(await save.isDisabled()).toBe(true);
    await dialog.getByLabel("Time zone").fill("Europe/Madrid");
    await eventually(() => save.isDisabled()).toBe(false);
    expect(await dialog.getByRole("listitem").count()).toBe(5);
    expect(await accessibilityProblems(page, "[role=dialog]")).toEqual([]);
    await dialog.getByLabel(/^Why/).fill("the ward has moved");
    await save.click();
    await dialog.waitFor({ state: "detached" });
    expect(lastPosted()).toMatchObject({
      route: "setSchedule",
      body: { cron: "30 2 * * *", timezone: "Europe/Madrid", overlap: "skip", why: "the ward has moved" },
    });
    await page.getByText("days in Europe/Madrid").waitFor();
  });

  it("nights are paused with a reason that the page shows, and resumed", async () => {
    await page.goto("/p/har/nights");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("dialog").getByLabel(/^Why/).fill("holidays");
    await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
    await page.getByText("No nights until it is resumed: holidays").waitFor();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
    await page.getByText(/^The next is at .*, in /).waitFor();
  });

  it("a backfill is shown first, and what is started is the range that was shown", async () => {
    await page.goto("/p/har/nights");
    await page.getByRole("button", { name: "Backfill" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("From").fill("2026-02-10");
    await dialog.getByLabel(/^To/).fill("2026-02-13");
    await dialog.getByRole("button", { name: "Show which" }).click();
    await dialog.getByRole("button", { name: "Start 3 nights" }).waitFor();
    expect(lastPosted()?.body).toMatchObject({ dryRun: true });
    expect(await dialog.getByRole("row", { name: /took place already/ }).count()).toBe(1);
    expect(await accessibilityProblems(page, "[role=dialog]")).toEqual([]);
    // Another range has not been seen, and is not started.
    await dialog.getByLabel("From").fill("2026-02-11");
    await dialog.getByRole("button", { name: "Show which" }).click();
    await dialog.getByRole("button", { name: "Start 3 nights" }).click();
    await dialog.waitFor({ state: "detached" });
    const { from, to, dryRun } = lastPosted()?.body as { from: string; to: string; dryRun: boolean };
    expect({ dryRun, days: (Date.parse(to) - Date.parse(from)) / 86_400_000 }).toEqual({ dryRun: false, days: 3 });
  });

  it("a night is asked for under an id of the page's own, and a night that ends is shown without a reload", async () => {
    await page.goto("/p/har/nights");
    await page.getByText("The last night promoted a better model").waitFor();
    await page.getByRole("button", { name: "Retrain now" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Retrain" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(lastPosted()).toEqual({ route: "askNight", body: { id: expect.stringMatching(/^night-[0-9a-f]{20}$/), why: "" } });
    server.nights = server.nights.slice(4);
    server.tell({ project: "har", run: null, kind: "night.ended" });
    await page.getByText("The last night failed").waitFor();
  });

  it("a night that is under way is cancelled with a reason, and only such a one can be", async () => {
    const [newest] = server.nights;
    const under = {
      ...newest!,
      id: "har/2026-03-01T01:30:00Z",
      state: "running" as const,
      reason: null,
      promoted: null,
      gain: null,
      endedAt: null,
    };
    server.nights = [under, ...server.nights];
    await page.goto("/p/har/nights");
    const cancel = page.getByRole("region", { name: "Nights, scrollable", exact: true }).getByRole("button", { name: "Cancel" });
    await cancel.waitFor();
    expect(await cancel.count()).toBe(1);
    await cancel.click();
    const dialog = page.getByRole("dialog", { name: "Cancel this night?" });
    await dialog.getByLabel(/^Why/).fill("the ward needs the machine");
    await dialog.getByRole("button", { name: "Cancel the night" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(lastPosted()).toEqual({ route: "cancelNight", body: { why: "the ward needs the machine" } });
    await page.getByRole("cell", { name: "ada cancelled it: the ward needs the machine" }).waitFor();
    expect(await cancel.count()).toBe(0);
  });

  it("a disagreement is decided by a key, and the next one comes up, until there is none", async () => {
    await page.goto("/p/har/review");
    for (const recording of ["exp01_user02", "exp02_user02", "exp03_user02"]) {
      await page.getByRole("heading", { name: recording }).waitFor();
      await page.getByRole("row", { name: /^cleo standing/ }).waitFor();
      await page.keyboard.press("5");
      await eventually(() => lastPosted()?.route).toBe("adjudicateTask");
      expect(lastPosted()?.body).toEqual({ id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4/), class: "standing", version: 2 });
      server.posted.length = 0;
    }
    await page.getByText("Nothing to decide").waitFor();
    await page.getByRole("tab", { name: "Escalated" }).click();
    await page.getByText("It still waits for answers: 0 of 2.").waitFor();
    await page.keyboard.press("5");
    expect(server.posted).toEqual([]);
  });

  it("a cell of the confusion matrix opens its samples, each in its signal, and sends them to annotators", async () => {
    await page.goto("/p/har/models/m-0008-mlp");
    await page.getByRole("link", { name: /^sitting taken for standing: 59 of 491/ }).click();
    await page.getByRole("heading", { name: "sitting taken for standing" }).waitFor();
    await page.getByRole("link", { name: "exp03_user02, 128 to 256" }).click();
    await page.getByRole("heading", { name: "exp03_user02" }).waitFor();
    await eventually(() => page.locator("canvas").count()).toBe(1);
    expect(new URL(page.url()).searchParams.get("actual")).toBe("sitting");
    await page.getByRole("button", { name: "Send to annotators" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Send" }).click();
    await page.getByText("19 tasks made; 2 are asked about or labelled already.").waitFor();
    expect(lastPosted()).toEqual({
      route: "makeTasks",
      body: { model: "m-0008-mlp", split: "holdout", actual: "sitting", predicted: "standing", limit: 100 },
    });
  });
});
