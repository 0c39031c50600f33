import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localDate } from "../../web/ui/features/nights/calendar.ts";
import { accessibilityProblems, contrastProblems, launchBrowser, openPage, prefer, settled, signIn, type Watched } from "./browser.ts";
import { builtPages } from "./built-pages.ts";
import { nights, schedule } from "./loop-fixtures.ts";
import { type StandIn, startStandIn } from "./stand-in.ts";

const SAMPLES = "/p/har/samples?model=m-0008-mlp&actual=sitting&predicted=standing";
const PAGES = {
  // The short address leads there.
  overview: "/p/har",
  runs: "/p/har/runs",
  run: "/p/har/runs/run-0008?stage=clean",
  "failed run": "/p/har/runs/run-0006",
  files: "/p/har/data",
  snapshots: "/p/har/data?tab=snapshots",
  quarantine: "/p/har/data?tab=quarantine",
  cohorts: "/p/har/data?tab=cohorts",
  distributions: "/p/har/data?tab=distributions",
  features: "/p/har/data?tab=features",
  models: "/p/har/models",
  evolution: "/p/har/models?tab=evolution",
  champions: "/p/har/models?tab=champions",
  compare: "/p/har/models/compare?a=m-0007-logistic&b=m-0008-mlp",
  model: "/p/har/models/m-0008-mlp",
  samples: `${SAMPLES}&recording=exp02_user02&subject=b-2f3a&from=64&to=192`,
  review: "/p/har/review",
  agreement: "/p/har/review?tab=agreement",
  nights: `/p/har/nights?day=${localDate(nights[0]?.dueAt ?? "", schedule.timezone)}`,
  journal: "/p/har/journal",
};

let server: StandIn;
let browser: Browser;
let watched: Watched;
beforeAll(async () => {
  server = await startStandIn(await builtPages());
  browser = await launchBrowser();
  watched = await openPage(browser, server.url);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

it("the sign-in passes axe for WCAG 2.2 AA in light and dark, and all that stands around every page", async () => {
  const { page } = watched;
  await page.goto("/");
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await prefer(page, "dark");
  expect(await contrastProblems(page)).toEqual([]);
  await signIn(page);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await settled(page);
  expect(await accessibilityProblems(page)).toEqual([]);
  await prefer(page, "light");
  expect(await contrastProblems(page)).toEqual([]);
});

describe("every page, for whoever looks at it how", () => {
  it.each(Object.entries(PAGES))(
    "the page %s passes axe for WCAG 2.2 AA in light and dark, and does not scroll sideways from 360 to 1920 px",
    async (_, path) => {
      const { page, complaints } = watched;
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.goto(path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await settled(page);
      expect(await accessibilityProblems(page, "main")).toEqual([]);
      await prefer(page, "dark");
      expect(await contrastProblems(page, "main")).toEqual([]);
      await page.emulateMedia({ colorScheme: "light" });
      const overflow: Record<number, number> = {};
      for (const width of [1920, 390, 360]) {
        await page.setViewportSize({ width, height: 900 });
        overflow[width] = Math.max(0, await page.evaluate(() => document.documentElement.scrollWidth - innerWidth));
      }
      expect(overflow).toEqual({ 1920: 0, 390: 0, 360: 0 });
      expect(complaints.splice(0)).toEqual([]);
    },
  );
});
