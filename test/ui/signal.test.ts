import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureFirstUser } from "../../lib/app/accounts.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { promote } from "../../lib/store/promotion.ts";
import { createApp } from "../../web/api/app.ts";
import { insertModel } from "../app/world.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { testConfig, testFolder } from "../support/services.ts";
import { storeSignal } from "../support/stored-signal.ts";
import { accessibilityProblems, launchBrowser, openPage, settled, signIn } from "./browser.ts";
import { builtPages } from "./built-pages.ts";

let platform: Platform;
let browser: Browser;
let url: string;
let first: { account: string; password: string };

const ROWS = 60_000;
const SPIKE = 33_333;

beforeAll(async () => {
  platform = openPlatform(await testConfig({ SENSORLOOP_LOG_LEVEL: "silent" }));
  closeAfterwards(() => platform[Symbol.asyncDispose]());
  // The model's own snapshot has no bytes: that of the signal comes after it.
  await insertModel(platform.db, { id: "m1", project: "gym", slot: "gym/all/acc" });
  await storeSignal(platform, {
    project: "gym",
    folder: await testFolder(),
    rows: ROWS,
    value: `case when c = 0 and i = ${SPIKE} then 40 else sin(i / 40.0 + c) + 0.2 * sin(i * 1.7) end`,
    label: "case when i < 20000 then 'rest' when i < 41000 then 'walk' end",
  });
  const { db } = platform;
  await db
    .transaction()
    .execute((tx) => promote(tx, { project: "gym", slot: "gym/all/acc", model: "m1", expected: null, actor: "test", why: "first" }));
  const windows = Array.from({ length: 120 }, (_, window) => ({
    ...{
      project: "gym",
      model: "m1",
      snapshot: "gym-first",
      subject: "person",
      recording: "a.csv~0",
      run: "r",
      start_us: 0,
      split: "unlabelled",
    },
    ...{
      window_from: window * 500,
      window_to: window * 500 + 500,
      predicted: window < 42 ? "rest" : "walk",
      confidence: 0.55 + 0.4 * Math.abs(Math.sin(window / 9)),
    },
  }));
  await db.insertInto("prediction").values(windows).execute();
  const app = await createApp(platform, { uiFolder: await builtPages() });
  closeAfterwards(async () => app.close());
  await app.listen({ host: "127.0.0.1", port: 0 });
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const made = await ensureFirstUser(db);
  if (!made) throw new Error("the database is not new");
  first = made;
  browser = await launchBrowser();
  closeAfterwards(() => browser.close());
}, 120_000);

const ADDRESS = "/p/gym/recordings?subject=person&recording=a.csv~0";
const viewer = (page: Page) => page.getByRole("application");
const said = (page: Page) => viewer(page).getAttribute("aria-label");
const eventually = (read: () => Promise<unknown>) => expect.poll(read, { timeout: 20_000, interval: 30 });

/**
 * The highest coloured pixel of the first lane between two places, in CSS pixels of the picture: what is drawn, not what
 * is meant. Places are shares of the plot's width.
 */
function highestInk(page: Page, from: number, to: number): Promise<{ x: number; y: number }> {
  return page.evaluate(
    ([begin, end]) => {
      const canvas = document.querySelector("canvas")!;
      const scale = canvas.width / canvas.clientWidth;
      const left = 48 * scale;
      const plot = canvas.width - left;
      const x = Math.round(left + begin! * plot);
      const { data, width, height } = canvas.getContext("2d")!.getImageData(x, 0, Math.round((end! - begin!) * plot), canvas.height);
      // Below the bands; a line of the first channel is blue, and pale where it is thinner than a pixel. Words and grid are grey.
      for (let y = Math.round(30 * scale); y < height; y++)
        for (let column = 0; column < width; column++) {
          const pixel = 4 * (y * width + column);
          if (data[pixel + 2]! - data[pixel]! > 30) return { x: (x + column) / scale, y: y / scale };
        }
      return { x: Infinity, y: Infinity };
    },
    [from, to],
  );
}

describe("the page of a recording", () => {
  it("shows a peak of one sample at every zoom, and is moved by keys, wheel and hand", { timeout: 120_000 }, async () => {
    const { page, context, complaints } = await openPage(browser, url);
    await page.goto(ADDRESS);
    await signIn(page, first.account, first.password);
    await viewer(page).waitFor();
    await settled(page);
    const box = (await viewer(page).boundingBox())!;
    const at = (share: number) => box.x + 48 + share * (box.width - 48);
    const middle = box.y + 120;
    // The wheel zooms at the pointer: the peak stays near it, from twenty minutes to a second.
    let spot = at((SPIKE + 0.5) / ROWS);
    for (const notches of [0, 3, 3, 3, 2]) {
      await page.mouse.move(spot, middle);
      for (let notch = 0; notch < notches; notch++) await page.mouse.wheel(0, -300);
      const share = (spot - box.x - 48) / (box.width - 48);
      const peak = () => highestInk(page, share - 0.1, share + 0.1);
      await eventually(async () => (await peak()).y).toBeLessThan(60);
      expect((await highestInk(page, share + 0.12, share + 0.14)).y).toBeGreaterThan(60);
      // A pixel holds many samples before, so that afterwards the peak is some pixels away.
      spot = box.x + (await peak()).x;
    }

    await viewer(page).focus();
    const before = await said(page);
    await page.keyboard.press("ArrowRight");
    await eventually(() => said(page)).not.toBe(before);
    await page.keyboard.press("Home");
    await eventually(() => said(page)).toMatch(/^0\.00 s to [\d.]+ s of 0\.00 s to 20:00\.00: acc with 3 channels, gyro with 3 channels\./);
    await page.mouse.dblclick(box.x + box.width / 2, box.y + box.height / 2);
    await eventually(() => said(page)).toMatch(
      /^0\.00 s to 20:00\.00 of .*Labels: rest from 0\.00 s to 6:40\.00, walk from 6:40\.00 to 13:40\.00\./,
    );
    // The address says what is shown, so that a link opens the same.
    await eventually(() => Promise.resolve(new URL(page.url()).searchParams.get("to"))).toBe(String(ROWS));

    // A selection by Shift and drag, its end moved on by hand and then by one sample with the keyboard.
    await page.keyboard.down("Shift");
    await page.mouse.move(at(0.25), middle);
    await page.mouse.down();
    await page.mouse.move(at(0.5), middle, { steps: 4 });
    await page.mouse.up();
    await page.keyboard.up("Shift");
    const end = page.getByRole("slider", { name: "End of the selection" });
    await eventually(async () => Math.abs(Number(await end.getAttribute("aria-valuenow")) - ROWS / 2)).toBeLessThan(200);
    await page.mouse.move(at(0.5), middle);
    await page.mouse.down();
    await page.mouse.move(at(0.75), middle, { steps: 4 });
    await page.mouse.up();
    await eventually(async () => Math.abs(Number(await end.getAttribute("aria-valuenow")) - (3 * ROWS) / 4)).toBeLessThan(200);
    const now = Number(await end.getAttribute("aria-valuenow"));
    await end.focus();
    await page.keyboard.press("ArrowLeft");
    await eventually(() => end.getAttribute("aria-valuenow")).toBe(String(now - 1));

    // Space plays: the line moves on by itself.
    await viewer(page).focus();
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Play" }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });
});
