import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { parseDocument } from "yaml";
import { addAccount } from "../lib/app/accounts.ts";
import { makeTasks } from "../lib/app/tasks.ts";
import { loadConfig } from "../lib/config.ts";
import { openPlatform } from "../lib/platform.ts";
import { launchBrowser, openPage, signIn } from "../test/ui/browser.ts";
import { round, type Bench, type BenchContext } from "./harness.ts";
import { bringUp, ROOT, type Installation } from "./installation.ts";

const TARGET = { anHour: 1_200, drawnMs: 100 };
const PROJECT = "gym";
/** Stages of the example that the tasks do not need. */
const EXTRAS = ["cluster", "describe", "synthesise", "ensemble", "evolve", "featureStore"];

/**
 * A scripted annotator at the page, in a real Chromium, on a stack that was brought up by its own command: tasks made of
 * the predictions of a model that was trained on the simulated demo. It answers by key, `DECIDES_MS` after a
 * sample is drawn. Counted is what the server has signed; timed is each key to the frame in which the next sample's signal is drawn.
 * There is no peer: Label Studio's page for time series needs the mouse, and has no queue without a plug-in.
 */
export const run: Bench = async (context) => {
  const { quick, say } = context;
  const wanted = quick ? 30 : 120;
  await using installation = await bringUp(context);
  const url = await trainedProject(installation, context);
  const browser = await launchBrowser();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => browser.close());
  const platform = openPlatform(loadConfig({ env: await settingsOf(context), dataDir: join(context.folder, "installation") }));
  stack.use(platform);
  const { password } = await addAccount(platform.db, { id: "annotator", role: "annotator", projects: null }, "bench");
  const { model } = await platform.db.selectFrom("champion").select("model").where("project", "=", PROJECT).executeTakeFirstOrThrow();
  let tasks = 0;
  for (const split of ["holdout", "unlabelled", "validation"] as const) {
    tasks += (await makeTasks(platform, PROJECT, { model, split, limit: 1_000 }, "bench")).made;
  }
  if (tasks < wanted) throw new Error(`there are only ${tasks} tasks`);
  say(`${tasks} tasks`);

  const { page, complaints } = await openPage(browser, url);
  await page.addInitScript(watchKeys);
  await page.goto(`/p/${PROJECT}/annotate`);
  await signIn(page, "annotator", password);
  await page.getByText("Below: what the champion says of each moment").waitFor({ timeout: 120_000 });
  say("the first sample is drawn");
  const { seconds, drawnMs } = await answer(page, wanted);
  const { count } = await platform.db
    .selectFrom("label")
    .select(({ fn }) => fn.count<number>("task").distinct().as("count"))
    .where("signed_by", "=", "annotator")
    .executeTakeFirstOrThrow();
  const sorted = drawnMs.toSorted((a, b) => a - b);
  const quantile = (share: number) => round(sorted[Math.ceil(share * sorted.length) - 1]!);
  const anHour = (wanted / seconds) * 3_600;
  return {
    value: round(anHour),
    unit: "labels/h",
    target: `>= ${TARGET.anHour} labels an hour, key to next sample p95 <= ${TARGET.drawnMs} ms`,
    ok: anHour >= TARGET.anHour && quantile(0.95) <= TARGET.drawnMs && Number(count) === wanted && complaints.length === 0,
    peer: null,
    ratio: null,
    detail: {
      labels: wanted,
      signed: Number(count),
      seconds: round(seconds),
      keyToDrawnMs: { p50: quantile(0.5), p95: quantile(0.95), most: quantile(1) },
      complaints,
    },
  };
};

/** The demo's people and its first model. @returns the address of the pages */
async function trainedProject(installation: Installation, context: BenchContext): Promise<string> {
  const spec = parseDocument(await readFile(join(ROOT, "examples", PROJECT, "spec.yaml"), "utf8"));
  for (const extra of EXTRAS) spec.delete(extra);
  spec.set("models", [{ family: "logistic", l2: 0.05, maxIterations: 200 }]);
  const path = join(context.folder, "spec.yaml");
  await writeFile(path, String(spec));
  await installation.sensorloop("project", "apply", path);
  await installation.sensorloop("data", "simulate", PROJECT, "--out", join(context.folder, "people"), "--add");
  context.say("training");
  await installation.sensorloop("run", "start", PROJECT, "--wait", "--json", "--set", "gate.floors={}");
  return `http://127.0.0.1:${(await settingsOf(context))["SENSORLOOP_WEB_PORT"]}`;
}

async function settingsOf({ folder }: Pick<BenchContext, "folder">): Promise<Record<string, string>> {
  const state = JSON.parse(await readFile(join(folder, "installation", "stack.json"), "utf8")) as { settings: Record<string, string> };
  return state.settings;
}

/** What the script takes to decide once a sample is drawn: quicker than people are, and not so quick that it waits for tasks. */
const DECIDES_MS = 400;

/** Accepts the suggestion and names a class by turns. */
async function answer(page: Page, wanted: number): Promise<{ seconds: number; drawnMs: number[] }> {
  const drawnMs: number[] = [];
  const begun = performance.now();
  for (let given = 0; given < wanted; given++) {
    await sleep(DECIDES_MS);
    await page.evaluate(() => window.watchNext());
    await page.keyboard.press(given % 2 === 0 ? "Enter" : "q");
    drawnMs.push(await page.evaluate(() => window.nextDrawn!));
  }
  await page.getByText("all sent").waitFor({ timeout: 60_000 });
  return { seconds: (performance.now() - begun) / 1000, drawnMs };
}

declare global {
  interface Window {
    watchNext(): void;
    /** Milliseconds from the key to the frame with the next sample. */
    nextDrawn?: Promise<number>;
  }
}

/**
 * In the page: a sample is drawn when the task is another one, the picture is another one, and a line of the signal is in
 * it. Looked at is one column of the canvas before the selection, where only lines have a colour.
 */
function watchKeys(): void {
  const look = () => {
    const canvas = document.querySelector("canvas");
    const context = canvas?.getContext("2d", { willReadFrequently: true });
    if (!canvas || !context) return { task: "", column: "", lines: false };
    const { data } = context.getImageData(Math.round(canvas.width * 0.15), 0, 1, canvas.height);
    let lines = 0;
    for (let at = 0; at < data.length; at += 4) {
      const [red = 0, green = 0, blue = 0] = [data[at], data[at + 1], data[at + 2]];
      if (Math.max(red, green, blue) - Math.min(red, green, blue) > 60) lines += 1;
    }
    const task = document.querySelector("[data-task]")?.getAttribute("data-task") ?? "";
    return { task, column: data.join(), lines: lines > 2 };
  };
  window.watchNext = () => {
    const before = look();
    window.nextDrawn = new Promise((resolve) => {
      const onKey = ({ timeStamp }: KeyboardEvent) => {
        const check = () => {
          const { task, column, lines } = look();
          const drawn = task !== "" && task !== before.task && column !== before.column && lines;
          if (drawn) resolve(performance.now() - timeStamp);
          else requestAnimationFrame(check);
        };
        requestAnimationFrame(check);
      };
      addEventListener("keydown", onKey, { capture: true, once: true });
    });
  };
}
