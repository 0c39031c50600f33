import { launchBrowser, openPage, settled, signIn, prefer } from "./browser.ts";
import { startStandIn } from "./stand-in.ts";
import * as fixtures from "./model-fixtures.ts";
const [, , dist = "", ...names] = process.argv;
const PAGES: Record<string, string> = {
  run: "/p/har/runs/run-0008?stage=clean",
  failed: "/p/har/runs/run-0006?stage=train",
  files: "/p/har/data",
  cohorts: "/p/har/data?tab=cohorts",
  dist: "/p/har/data?tab=distributions",
  models: "/p/har/models",
  evolution: "/p/har/models?tab=evolution",
  champions: "/p/har/models?tab=champions",
  compare: "/p/har/models/compare?a=m-0007-logistic&b=m-0008-mlp",
  model: "/p/har/models/m-0007-logistic",
  overview: "/p/har/overview",
  quarantine: "/p/har/data?tab=quarantine",
  journal: "/p/har/journal",
  runs: "/p/har/runs",
};
const server = await startStandIn(dist);
server.run = { ...server.run, slots: fixtures.runSlots };
const browser = await launchBrowser();
const watched = await openPage(browser, server.url);
const { page } = watched;
await page.goto("/");
await signIn(page);
for (const spec of names) {
  const [name = "", width = "1280", scheme = "light"] = spec.split(":");
  await page.setViewportSize({ width: Number(width), height: 900 });
  await prefer(page, scheme as "light");
  await page.goto(PAGES[name] ?? name);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await settled(page);
  await page.waitForTimeout(300);
  await page.screenshot({ path: `/tmp/f-shots/${name}-${width}-${scheme}.png`, fullPage: true });
}
console.log(watched.complaints);
await browser.close();
await server.close();
