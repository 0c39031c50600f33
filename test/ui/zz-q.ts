import { launchBrowser, openPage, signIn } from "./browser.ts";
import { startStandIn } from "./stand-in.ts";
const s = await startStandIn("/tmp/ui-dist");
const b = await launchBrowser();
const { page } = await openPage(b, s.url);
await page.goto("/p/har/overview");
await signIn(page);
await page.waitForTimeout(500);
console.log(
  await page.evaluate(() => [...document.querySelectorAll("div[aria-label][id^=mantine]")].map((e) => e.outerHTML.slice(0, 300))),
);
console.log(await page.locator("main").innerText());
await b.close();
await s.close();
