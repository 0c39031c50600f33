import { relative } from "node:path";
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { simulate } from "../../examples/gym/simulate.ts";
import { ensureFirstUser } from "../../lib/app/accounts.ts";
import { takeIn } from "../../lib/app/intake.ts";
import { startRun } from "../../lib/app/runs.ts";
import type { Platform } from "../../lib/platform.ts";
import { createApp } from "../../web/api/app.ts";
import { applyExample } from "../support/example.ts";
import { testPlatform, testWorker } from "../support/platform.ts";
import { testFolder } from "../support/services.ts";
import { accessibilityProblems, launchBrowser, openPage, settled, signIn } from "./browser.ts";
import { builtPages } from "./built-pages.ts";

let platform: Platform;
let app: FastifyInstance;
let browser: Browser;
let url: string;
let first: { account: string; password: string };

beforeAll(async () => {
  platform = await testPlatform();
  testWorker(platform);
  await applyExample(platform, "gym");
  const folder = await testFolder();
  const { files } = await simulate({ folder, subjects: 12, seed: 3 });
  for (const path of files) await takeIn(platform, "gym", { name: relative(folder, path), path }, "test");
  const made = await ensureFirstUser(platform.db);
  if (made === null) throw new Error("the test's database had accounts already");
  first = made;
  app = await createApp(platform, { uiFolder: await builtPages() });
  await app.listen({ host: "127.0.0.1", port: 0 });
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  browser = await launchBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await app?.close();
});

/** The default second is too short on a busy machine. */
const eventually: typeof expect.poll = (actual, options) => expect.poll(actual, { timeout: 20_000, ...options });

describe("the pages on the real API", () => {
  it(
    "from sign-in to a promoted model: a run is watched to its end without a reload, and every page shows what it left",
    { timeout: 240_000 },
    async () => {
      const { page, context, complaints } = await openPage(browser, url);
      await page.goto("/");
      await signIn(page, first.account, first.password);
      await page.getByRole("heading", { name: "The loop" }).waitFor();

      const set = { "models[1].epochs": 3, "gate.floors.accuracy": 0.3, "gate.floors.macroF1": 0.3 };
      await startRun(platform, "gym", { id: "watched", set }, "test");
      await page.getByRole("link", { name: "watched" }).click();
      await page.getByRole("heading", { name: /Run watched/ }).waitFor();
      const loaded = await page.evaluate(() => performance.timeOrigin);
      await eventually(() => page.getByRole("heading", { level: 1 }).innerText(), { timeout: 180_000 }).toContain("Done");
      expect(await page.evaluate(() => performance.timeOrigin)).toBe(loaded);
      await page.getByText("Promoted", { exact: false }).first().waitFor();
      const clean = page.getByRole("row", { name: /^clean/ });
      const { rows } = await platform.db
        .selectFrom("cleaning")
        .select(({ fn }) => fn.sum<number>("rows_in").as("rows"))
        .executeTakeFirstOrThrow();
      await eventually(async () => (await clean.innerText()).replaceAll(",", "")).toContain(String(rows));
      await eventually(() => page.getByRole("log").innerText()).not.toBe("");
      expect(await accessibilityProblems(page)).toEqual([]);

      for (const [name, heading] of [
        ["Models", /^Trials of gym\/all\//],
        ["Data", "Files"],
        ["Review", "Review"],
        ["Nights", "All nights"],
        ["Journal", "Decisions"],
        ["Runs", "All runs"],
        ["Overview", "The loop"],
      ] as const) {
        await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name }).click();
        await page.getByRole("heading", typeof heading === "string" ? { name: heading, exact: true } : { name: heading }).waitFor();
        await settled(page);
        expect({ name, alerts: await page.getByRole("alert").allInnerTexts() }).toEqual({ name, alerts: [] });
        expect({ name, problems: await accessibilityProblems(page) }).toEqual({ name, problems: [] });
      }
      for (const [address, heading] of [
        ["models?tab=evolution", "Family tree"],
        ["models?tab=champions", "Serving now"],
        ["data?tab=cohorts", "Cohorts"],
        ["data?tab=distributions", "Distributions by class"],
        ["data?tab=features", "Feature sets"],
        ["review?tab=agreement", "Annotators"],
      ] as const) {
        await page.goto(`/p/gym/${address}`);
        await page.getByRole("heading", { name: heading, exact: true }).waitFor();
        await settled(page);
        expect({ address, alerts: await page.getByRole("alert").allInnerTexts() }).toEqual({ address, alerts: [] });
      }
      await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Models" }).click();
      await page
        .getByRole("row", { name: /Champion/ })
        .getByRole("link")
        .first()
        .click();
      await page.getByRole("heading", { name: "Confusion matrix" }).waitFor();
      await page.getByRole("heading", { name: "Calibration" }).waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);

      // Behind a cell of its matrix stand the windows that the run has scored, each in the signal it was cut from.
      await page
        .getByRole("link", { name: /: open its samples$/ })
        .first()
        .click();
      await page.getByRole("region", { name: "Samples, scrollable" }).getByRole("link").first().click();
      await page.locator("canvas").waitFor();
      await settled(page);
      expect(await page.getByRole("alert").allInnerTexts()).toEqual([]);

      await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Nights" }).click();
      await page.getByRole("button", { name: "Set a schedule" }).click();
      const dialog = page.getByRole("dialog", { name: "Set a schedule" });
      await dialog.getByLabel("Time zone").fill("Mars");
      await eventually(() => dialog.getByRole("alert").innerText()).toContain("SCHEDULE_INVALID");
      await dialog.getByLabel("Time zone").fill("Europe/Berlin");
      await eventually(() => dialog.getByRole("button", { name: "Save" }).isDisabled()).toBe(false);
      const shown = await dialog.getByRole("listitem").allInnerTexts();
      await dialog.getByRole("button", { name: "Save" }).click();
      await dialog.waitFor({ state: "detached" });
      await eventually(() =>
        page
          .getByRole("list", { name: /^The next 5 times/ })
          .getByRole("listitem")
          .allInnerTexts(),
      ).toEqual(shown);
      expect(complaints).toEqual([]);

      // The session ends on the server while the page is open.
      await platform.db.deleteFrom("session").execute();
      await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Journal" }).click();
      await page.getByRole("heading", { name: "Sign in to Sensorloop" }).waitFor();
      await context.close();
    },
  );
});
