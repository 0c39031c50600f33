import { launchBrowser, openPage, signIn, accessibilityProblems } from "/work/main/test/ui/browser.ts";
import { startStandIn } from "/work/main/test/ui/stand-in.ts";
import { mkdirSync } from "node:fs";
const only = process.argv[2];
const widths = (process.argv[3] ?? "1280").split(",").map(Number);
const schemes = (process.argv[4] ?? "light").split(",");
mkdirSync("/tmp/shots", { recursive: true });
const server = await startStandIn("/tmp/ui-dist");
const browser = await launchBrowser();
const PAGES = {
  overview: "/p/har/overview",
  runs: "/p/har/runs",
  run: "/p/har/runs/run-0008?stage=clean",
  failed: "/p/har/runs/run-0006",
  data: "/p/har/data",
  quarantine: "/p/har/data?tab=quarantine",
  snapshots: "/p/har/data?tab=snapshots",
  models: "/p/har/models",
  model: "/p/har/models/m-0008-mlp",
  challenger: "/p/har/models/m-0007-logistic",
  journal: "/p/har/journal",
};
for (const width of widths)
  for (const colorScheme of schemes as ("light" | "dark")[]) {
    const { page, context, complaints } = await openPage(browser, server.url, { width, colorScheme });
    await page.goto("/p/har/overview");
    if (
      (await page
        .getByLabel("Account")
        .count()
        .catch(() => 0)) ||
      true
    ) {
      await page.waitForTimeout(600);
      if (await page.getByRole("button", { name: "Sign in" }).count()) {
        if (!only || only === "signin") await page.screenshot({ path: `/tmp/shots/signin-${width}-${colorScheme}.png` });
        await signIn(page);
      }
    }
    for (const [name, path] of Object.entries(PAGES)) {
      if (only && only !== "all" && !only.split(",").includes(name)) continue;
      await page.goto(path);
      await page
        .locator("h1")
        .waitFor({ timeout: 5000 })
        .catch(() => console.log("no h1", name));
      await page.waitForTimeout(500);
      await page.screenshot({ path: `/tmp/shots/${name}-${width}-${colorScheme}.png`, fullPage: true });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) console.log(name, width, "overflows by", overflow);
      for (const p of await accessibilityProblems(page)) console.log(name, colorScheme, p.slice(0, 300));
    }
    for (const c of complaints) console.log(c);
    await context.close();
  }
await browser.close();
await server.close();
