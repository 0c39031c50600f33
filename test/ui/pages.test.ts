import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { accessibilityProblems, contrastProblems, launchBrowser, openPage, prefer, settled, signIn, type Watched } from "./browser.ts";
import { builtPages } from "./built-pages.ts";
import { finishedRun, stages } from "./fixtures.ts";
import { runSlots } from "./model-fixtures.ts";
import { type StandIn, startStandIn } from "./stand-in.ts";

const PAGES = {
  overview: "/p/har/overview",
  runs: "/p/har/runs",
  run: "/p/har/runs/run-0008?stage=clean",
  "failed run": "/p/har/runs/run-0006",
  files: "/p/har/data",
  snapshots: "/p/har/data?tab=snapshots",
  quarantine: "/p/har/data?tab=quarantine",
  cohorts: "/p/har/data?tab=cohorts",
  distributions: "/p/har/data?tab=distributions",
  models: "/p/har/models",
  evolution: "/p/har/models?tab=evolution",
  champions: "/p/har/models?tab=champions",
  compare: "/p/har/models/compare?a=m-0007-logistic&b=m-0008-mlp",
  model: "/p/har/models/m-0008-mlp",
  journal: "/p/har/journal",
};

let dist: string;
let browser: Browser;
beforeAll(async () => {
  dist = await builtPages();
  browser = await launchBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
});

/** The default second is too short on a busy machine. */
const eventually: typeof expect.poll = (actual, options) => expect.poll(actual, { timeout: 20_000, ...options });

describe("every page, for whoever looks at it how", { timeout: 60_000 }, () => {
  let server: StandIn;
  let watched: Watched;
  beforeAll(async () => {
    server = await startStandIn(dist);
    watched = await openPage(browser, server.url);
    await watched.page.goto("/");
    await signIn(watched.page);
  }, 60_000);
  afterAll(async () => {
    await watched?.context.close();
    await server?.close();
  });

  it.each(Object.entries(PAGES))(
    "the page %s passes axe for WCAG 2.2 AA in light and dark, and does not scroll sideways from 360 to 1920 px",
    async (_, path) => {
      const { page, complaints } = watched;
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.goto(path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await settled(page);
      await prefer(page, "light");
      expect(await accessibilityProblems(page)).toEqual([]);
      await prefer(page, "dark");
      expect(await contrastProblems(page)).toEqual([]);
      for (const width of [1920, 390, 360]) {
        await page.setViewportSize({ width, height: 900 });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect({ width, overflow: Math.max(0, overflow) }).toEqual({ width, overflow: 0 });
      }
      expect(complaints).toEqual([]);
    },
  );
});

describe("the pages, under a policy that allows nothing inline", { timeout: 60_000 }, () => {
  let server: StandIn;
  let watched: Watched;
  beforeEach(async () => {
    server = await startStandIn(dist);
    return async () => {
      const complaints = watched.complaints;
      await watched.context.close();
      await server.close();
      expect(complaints).toEqual([]);
    };
  });

  it("the sign-in passes axe for WCAG 2.2 AA in light and dark", async () => {
    watched = await openPage(browser, server.url);
    const { page } = watched;
    await page.goto("/");
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await prefer(page, colorScheme);
      expect({ colorScheme, problems: await accessibilityProblems(page) }).toEqual({ colorScheme, problems: [] });
    }
  });

  it("a wrong password is refused in words, and a link is kept through the sign-in", async () => {
    watched = await openPage(browser, server.url);
    const { page } = watched;
    await page.goto(PAGES.run);
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
    watched = await openPage(browser, server.url);
    const { page } = watched;
    await page.goto("/runs/run-0008");
    await signIn(page);
    const train = page.getByRole("row", { name: /^train/ });
    await eventually(() => train.innerText()).toContain("Running");
    expect(await train.innerText()).toContain("of 40 epochs");
    const before = await train.getByRole("cell").nth(2).innerText();
    await eventually(() => train.getByRole("cell").nth(2).innerText(), { timeout: 5000 }).not.toBe(before);
    expect(await page.getByText("Promoted: macro F1").count()).toBe(0);

    server.cut(true);
    await expect
      .poll(() => page.getByRole("button", { name: /^Health/ }).getAttribute("aria-label"), { timeout: 5000 })
      .toBe("Health: Reconnecting");
    server.run = finishedRun;
    server.cut(false);
    await page.getByText("Promoted: macro F1 +.014 ± .008 against the champion").waitFor({ timeout: 20_000 });
    await eventually(() => train.innerText()).toContain("Done");

    server.run = { ...finishedRun, state: "cancelled" };
    server.tell({ project: "har", run: "run-0008", kind: "run" });
    await eventually(() => page.getByRole("heading", { level: 1 }).innerText(), { timeout: 3000 }).toContain("Cancelled");
  });

  it("with the keyboard alone: find a run, open a stage, approve at the gate with a reason", async () => {
    server.run = { ...finishedRun, state: "waiting", endedAt: null, decision: null };
    watched = await openPage(browser, server.url);
    const { page } = watched;
    await page.goto("/p/har/overview");
    await signIn(page);
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
    expect(await accessibilityProblems(page)).toEqual([]);
    await eventually(() => page.evaluate(() => document.activeElement?.tagName)).toBe("TEXTAREA");
    await page.keyboard.type("looks right");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(server.posted.at(-1)).toEqual({ route: "approveRun", body: { approve: true, why: "looks right" } });
  });

  it("a promotion sends the champion its reader saw, and a refusal is shown where it was asked for", async () => {
    watched = await openPage(browser, server.url);
    const { page } = watched;
    await page.goto("/p/har/models/m-0007-logistic");
    await signIn(page);
    await page.getByText("Not the native TensorFlow").waitFor();
    server.champion = "m-0009-cnn";
    await page.getByRole("button", { name: "Promote" }).click();
    const dialog = page.getByRole("dialog");
    const promote = dialog.getByRole("button", { name: "Promote" });
    await dialog.getByLabel("Why").fill("it is better for the people of the ward");
    await dialog.getByLabel(/^Type/).fill("har/all/acc");
    expect(await promote.isDisabled()).toBe(true);
    await dialog.getByLabel(/^Type/).fill("har/all/acc+gyro");
    expect(await accessibilityProblems(page)).toEqual([]);
    await promote.click();
    await eventually(() => dialog.getByRole("alert").innerText()).toContain("Another model is champion by now.");
    expect(server.posted.at(-1)).toMatchObject({
      route: "promoteModel",
      body: { expected: "m-0008-mlp", why: "it is better for the people of the ward" },
    });
  });

  it("the family tree tells by keyboard what was changed in a trial, and leads to the run's slots and back", async () => {
    server.run = { ...finishedRun, slots: runSlots };
    watched = await openPage(browser, server.url);
    const { page } = watched;
    await page.goto("/p/har/runs/run-0008");
    await signIn(page);
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
    watched = await openPage(browser, server.url);
    const { page } = watched;
    await page.goto("/p/har/data");
    await signIn(page);
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Upload files" }).click();
    await (await chooser).setFiles([{ name: "acc_exp62_user31.txt", mimeType: "text/plain", buffer: Buffer.from("ax ay az\n1 2 3\n") }]);
    await page.getByText("1 file taken in").waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    const { route, body } = server.posted.at(-1) ?? {};
    expect(route).toBe("addUploads");
    expect(String(body)).toContain('filename="acc_exp62_user31.txt"');
    expect(String(body)).toContain("ax ay az\n1 2 3");
  });

  it("a failed run is done again from where it failed, under an id of the page's own", async () => {
    watched = await openPage(browser, server.url);
    const { page } = watched;
    await page.goto("/p/har/runs/run-0006?stage=train");
    await signIn(page);
    await page.getByRole("button", { name: "Retry from here" }).click();
    await page.getByRole("heading", { name: /Run run-0008/ }).waitFor();
    expect(server.posted.at(-1)).toEqual({
      route: "startRun",
      body: { id: expect.stringMatching(/^run-[0-9a-f]{20}$/), again: "run-0006" },
    });
  });

  it("an unknown run, an unknown page and an unknown filter are answered in words", async () => {
    watched = await openPage(browser, server.url);
    const { page } = watched;
    await page.goto("/p/har/runs/nope");
    await signIn(page);
    await eventually(() => page.getByRole("alert").innerText()).toMatch(/There is no run 'nope'\.[\s\S]*NOT_FOUND/);
    await page.goto("/p/har/nothing");
    await page.getByText("There is no such page").waitFor();
    await page.goto("/p/har/runs?state=exploded");
    await page.getByRole("heading", { name: "All runs" }).waitFor();
  });
});
