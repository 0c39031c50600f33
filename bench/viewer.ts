import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { build } from "vite";
import { ensureFirstUser } from "../lib/app/accounts.ts";
import { openSignal } from "../lib/app/signals.ts";
import { loadConfig, loadPlaces } from "../lib/config.ts";
import { openPlatform } from "../lib/platform.ts";
import { migrate } from "../lib/store/migrate.ts";
import { startObjectServer, startPostgres } from "../stack/start-services.ts";
import { openState } from "../stack/state.ts";
import { storeSignal } from "../test/support/stored-signal.ts";
import { launchBrowser, openPage, signIn } from "../test/ui/browser.ts";
import { createApp } from "../web/api/app.ts";
import { median, round, type Bench } from "./harness.ts";

const TARGET = { firstPaintMs: 2_000, fps: 30 };
/** A plot of about 1,500 px. */
const SCREEN = { width: 1_792, height: 900 };
const GUTTER = 48;
const MOVES_MS = 4_000;
/** What a view shows of the recording at each of the zooms that are looked at. */
const ZOOMS = [1, 1 / 8, 1 / 64, 1 / 1_024, 1 / 16_384];

/**
 * A recording of a million rows of six channels on the page that shows it, in a real Chromium over the real API: time from
 * navigation to the first line of signal on the screen, frames a second while the wheel and the hand move it, and whether
 * one sample that stands out is on the screen at five zooms. Then whether ten million rows open. The object that the
 * viewer reads is made before; how long that took is in `detail`.
 */
export const run: Bench = async (context) => {
  const { folder, quick, rounds, say } = context;
  const file = await openState(folder);
  const start = { file, cacheDir: loadPlaces({ dataDir: folder }).cacheDir, report: say };
  await using stack = new AsyncDisposableStack();
  for (const starting of [startPostgres(start), startObjectServer(start)]) {
    const service = await starting;
    stack.defer(() => service.stop());
  }
  await migrate(file.state.settings["SENSORLOOP_DATABASE_URL"]!);
  const platform = openPlatform(
    loadConfig({ dataDir: folder, env: { SENSORLOOP_TEMPORAL_ADDRESS: "127.0.0.1:1", SENSORLOOP_LOG_LEVEL: "silent" } }),
  );
  stack.use(platform);
  await platform.objects.prepare();
  const pages = join(folder, "pages");
  await build({ root: join(import.meta.dirname, "../web/ui"), build: { outDir: pages, emptyOutDir: true }, logLevel: "error" });
  const first = await ensureFirstUser(platform.db);
  const app = await createApp(platform, { uiFolder: pages });
  stack.defer(() => app.close());
  await app.listen({ host: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const browser = await launchBrowser();
  stack.defer(() => browser.close());
  const rows = Math.round((quick ? 100_000 : 1_000_000) * context.scale);
  const small = await store("million", rows);
  const { page, complaints } = await openPage(browser, url, SCREEN);
  await page.addInitScript(watchPicture);
  await page.goto("/");
  await signIn(page, first!.account, first!.password);

  const paints: number[] = [];
  for (let turn = 0; turn < rounds; turn++) paints.push(await firstPaint(page, small.address));
  say(`first paint: ${paints.map(Math.round).join(", ")} ms`);
  const moves = { wheel: await whileMoving(page, "wheel"), drag: await whileMoving(page, "drag") };
  say(`wheel ${moves.wheel.fps} frames/s, drag ${moves.drag.fps} frames/s`);
  const seen: boolean[] = [];
  for (const share of ZOOMS) seen.push(await isSpikeSeen(page, small.address, rows, share));
  say(`spike seen at ${seen.filter(Boolean).length} of ${ZOOMS.length} zooms`);
  const large = await store("ten", 10 * rows);
  const largePaint = await firstPaint(page, large.address);
  const largeSeen = await isSpikeSeen(page, large.address, 10 * rows, 1);
  say(`ten times as much opens in ${Math.round(largePaint)} ms`);

  const paint = median(paints);
  const fps = Math.min(moves.wheel.fps, moves.drag.fps);
  const ok = paint <= TARGET.firstPaintMs && fps >= TARGET.fps && seen.every(Boolean) && largeSeen && complaints.length === 0;
  return {
    value: round(paint),
    unit: "ms (first paint)",
    target: `first paint <= ${TARGET.firstPaintMs} ms, >= ${TARGET.fps} frames/s, the spike seen at ${ZOOMS.length} zooms, ten times as much opens`,
    ok,
    peer: null,
    ratio: null,
    detail: {
      rows,
      channels: 6,
      firstPaintMs: paints.map(Math.round),
      ...moves,
      spikeSeen: seen,
      makingSeconds: small.seconds,
      ten: {
        rows: 10 * rows,
        makingSeconds: large.seconds,
        jobMegabytesAllowed: platform.config.jobs.memoryMb,
        firstPaintMs: Math.round(largePaint),
        spikeSeen: largeSeen,
      },
      complaints,
    },
  };

  /** A recording with a spike two thirds along, its object made. */
  async function store(project: string, count: number) {
    const value = `case when c = 0 and i = ${spikeOf(count)} then 40 else sin(i / 40.0 + c) + 0.3 * sin(i * 0.7 * (c + 1)) end`;
    const { subject, recording } = await storeSignal(platform, { project, folder, rows: count, value });
    say(`${count} rows of six channels stored`);
    const begun = performance.now();
    await openSignal(platform, project, subject, recording);
    const seconds = round((performance.now() - begun) / 1_000, 3);
    say(`made in ${seconds} s`);
    const address = `/p/${project}/recordings?${new URLSearchParams({ subject, recording })}`;
    return { address, seconds };
  }
};

const spikeOf = (rows: number) => Math.round((2 * rows) / 3) + 1;

interface Watch {
  /** Milliseconds from navigation to the first line of signal; null before. */
  painted: number | null;
  readonly frames: number[];
  readonly work: number[];
}

/** In the page: when the first signal is on the screen, when each frame is drawn, and how long drawing it took. */
function watchPicture(): void {
  const watch: Watch = { painted: null, frames: [], work: [] };
  Object.assign(globalThis, { watch });
  const request = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (draw) =>
    request((at) => {
      const begun = performance.now();
      draw(at);
      watch.work.push(performance.now() - begun);
    });
  const look = (at: number) => {
    watch.frames.push(at);
    const canvas = document.querySelector("canvas");
    if (watch.painted === null && canvas && canvas.width > 300) {
      // Lines have a colour, words and grid have none. Of many samples a pixel the last channel hides the others.
      const { data } = canvas.getContext("2d")!.getImageData(Math.round(canvas.width / 2), 0, 3, canvas.height);
      for (let pixel = 0; pixel < data.length; pixel += 4)
        if (Math.max(...data.subarray(pixel, pixel + 3)) - Math.min(...data.subarray(pixel, pixel + 3)) > 60)
          watch.painted = performance.now();
    }
    request(look);
  };
  request(look);
}

const watchOf = (page: Page) => page.evaluate(() => (globalThis as unknown as { watch: Watch }).watch);

async function firstPaint(page: Page, address: string): Promise<number> {
  await page.goto(address);
  await page.waitForFunction(() => (globalThis as unknown as { watch: Watch }).watch.painted !== null, undefined, { timeout: 120_000 });
  return (await watchOf(page)).painted!;
}

/** Frames a second while real input events come as fast as the browser takes them. */
async function whileMoving(page: Page, kind: "wheel" | "drag"): Promise<{ fps: number; p95DrawMs: number; worstFrameMs: number }> {
  const box = (await page.getByRole("application").boundingBox())!;
  const middle = box.y + box.height / 2;
  await page.mouse.dblclick(box.x + box.width / 2, middle);
  await page.mouse.move(box.x + box.width / 2, middle);
  for (let notch = 0; notch < 6; notch++) await page.mouse.wheel(0, -300);
  await page.evaluate(() => {
    const { watch } = globalThis as unknown as { watch: Watch };
    watch.frames.length = watch.work.length = 0;
  });
  const until = performance.now() + MOVES_MS;
  if (kind === "drag") await page.mouse.down();
  for (let turn = 0; performance.now() < until; turn++) {
    if (kind === "wheel") await page.mouse.wheel(0, Math.floor(turn / 40) % 2 === 0 ? -60 : 60);
    else await page.mouse.move(box.x + box.width / 2 + 300 * Math.sin(turn / 30), middle);
  }
  if (kind === "drag") await page.mouse.up();
  const { frames, work } = await watchOf(page);
  const gaps = frames.slice(1).map((at, place) => at - frames[place]!);
  const sorted = work.toSorted((one, other) => one - other);
  return {
    fps: round((1_000 * gaps.length) / (frames.at(-1)! - frames[0]!), 3),
    p95DrawMs: round(sorted[Math.floor(0.95 * sorted.length)] ?? 0, 3),
    worstFrameMs: Math.round(Math.max(...gaps)),
  };
}

/** Whether the one sample that stands out is on the screen, far above all others, where it should be. */
async function isSpikeSeen(page: Page, address: string, rows: number, share: number): Promise<boolean> {
  const span = Math.max(40, Math.round(rows * share));
  const from = Math.max(0, Math.min(rows - span, spikeOf(rows) - Math.round(span / 3)));
  await firstPaint(page, `${address}&from=${from}&to=${from + span}`);
  const place = (spikeOf(rows) + 0.5 - from) / span;
  // At once: where the finer picture is still on its way, the coarser one must show it, too.
  return page.evaluate(
    ([at, gutter]) => {
      const canvas = document.querySelector("canvas")!;
      const x = Math.round(gutter! + at! * (canvas.width - gutter!));
      // The upper half of the first lane, where no other sample comes.
      const { data } = canvas.getContext("2d")!.getImageData(x - 3, 20, 7, 60);
      for (let pixel = 0; pixel < data.length; pixel += 4) if (data[pixel + 2]! - data[pixel]! > 60) return true;
      return false;
    },
    [place, GUTTER],
  );
}
