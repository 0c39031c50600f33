import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { randomUUID } from "node:crypto";
import { addAccount } from "../../lib/app/accounts.ts";
import { signLabel } from "../../lib/app/answers.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { createApp } from "../../web/api/app.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { testConfig, testFolder } from "../support/services.ts";
import { PROJECT, putTasks, recordedProject, WINDOW, type Recorded } from "./annotate-world.ts";
import { accessibilityProblems, contrastProblems, launchBrowser, openPage, prefer, signIn } from "./browser.ts";
import { builtPages } from "./built-pages.ts";

let platform: Platform;
let browser: Browser;
let pages: string;
let app: FastifyInstance;
let port = 0;
let recordings: Recorded[];
const passwords: Record<string, string> = {};
/** Of those who have signed in. */
const cookies: Record<string, Awaited<ReturnType<BrowserContext["cookies"]>>> = {};
const url = () => `http://127.0.0.1:${port}`;

/** The api where the pages think it is, also after it was away. */
async function serve(): Promise<void> {
  app = await createApp(platform, { uiFolder: pages });
  await app.listen({ host: "127.0.0.1", port });
  port = (app.server.address() as AddressInfo).port;
}

beforeAll(async () => {
  platform = openPlatform(await testConfig({ SENSORLOOP_LOG_LEVEL: "silent" }));
  closeAfterwards(async () => platform[Symbol.asyncDispose]());
  recordings = await recordedProject(platform, await testFolder());
  for (const id of ["ann", "bob"])
    passwords[id] = (await addAccount(platform.db, { id, role: "annotator", projects: null }, "test")).password;
  pages = await builtPages();
  await serve();
  browser = await launchBrowser();
  const { page, context } = await openPage(browser, url());
  await page.goto("/");
  await signIn(page, "bob", passwords["bob"]);
  cookies["bob"] = await context.cookies();
  await context.close();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await app?.close();
});

/** The default second is too short on a busy machine. */
const eventually: typeof expect.poll = (actual, options) => expect.poll(actual, { timeout: 20_000, interval: 30, ...options });
const LABEL = { squat: "q", lunge: "l", "biceps-curl": "b", "hammer-curl": "h" } as const;
let first = 0;
/** Tasks of places that no test has asked about before. */
async function queue(count: number): Promise<string[]> {
  const ids = await putTasks(platform, recordings, count, first);
  first += count;
  return ids;
}
const answersTo = (tasks: readonly string[]) =>
  platform.db.selectFrom("label").selectAll().where("task", "in", tasks).orderBy("journal_id").execute();
const shown = async (page: Page) => (await page.locator("[data-task]").getAttribute("data-task")) ?? "";
const sending = async (page: Page) =>
  (await page.locator("dt", { hasText: "Answers" }).locator("xpath=..").locator("dd").innerText()).trim();
const holds = (page: Page, count: number) =>
  eventually(() =>
    page.evaluate(
      () =>
        new Promise<number>((resolve, reject) => {
          const opening = indexedDB.open("sensorloop.ann");
          opening.onerror = () => reject(new Error("no database"));
          opening.onsuccess = () => {
            const asking = opening.result.transaction("held").objectStore("held").count();
            asking.onsuccess = () => {
              opening.result.close();
              resolve(asking.result);
            };
          };
        }),
    ),
  ).toBe(count);

/** Answers the sample on screen by a key, and waits for the next one. */
async function press(page: Page, key: string): Promise<string> {
  const before = await shown(page);
  await page.keyboard.press(key);
  await eventually(() => shown(page)).not.toBe(before);
  return before;
}

/** A signed-in browser of its own on the page, with as many tasks fetched ahead as are asked for. */
async function atDesk(account: string, tasks: number, options: { hasTouch?: boolean; width?: number } = {}) {
  const { hasTouch = false, width = 1280 } = options;
  const context = await browser.newContext({ baseURL: url(), viewport: { width, height: 900 }, hasTouch, reducedMotion: "reduce" });
  await context.addCookies(cookies[account]!);
  const page = await context.newPage();
  await page.goto(`/p/${PROJECT}/annotate`);
  await page.getByRole("region", { name: "Answer" }).waitFor();
  if (account === "ann") await holds(page, tasks);
  return { context, page };
}

describe("the page for annotators, on the real API", { timeout: 90_000 }, () => {
  // What one test leaves in the queue would be asked of the next.
  beforeEach(async () => {
    await platform.db.updateTable("task").set({ state: "withdrawn" }).where("state", "=", "open").execute();
  });

  it("is used from the sign-in to the empty queue by keys alone, and passes axe in light and dark", async () => {
    const tasks = await queue(4);
    const { page, context, complaints } = await openPage(browser, url());
    await page.goto(`/p/${PROJECT}/annotate`);
    await page.getByLabel("Account").focus();
    await page.keyboard.type("ann");
    await page.keyboard.press("Tab");
    await page.keyboard.type(passwords["ann"]!);
    await page.keyboard.press("Enter");
    await page.getByText("Below: what the champion says of each moment").waitFor();
    await holds(page, 4);
    expect(await accessibilityProblems(page)).toEqual([]);
    await prefer(page, "dark");
    expect(await contrastProblems(page)).toEqual([]);
    expect(await answersTo(tasks)).toEqual([]);

    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).getByText("biceps-curl").waitFor();
    await page.keyboard.press(LABEL.squat);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });

    await page.keyboard.press("Shift+ArrowRight");
    const edited = await press(page, LABEL.lunge);
    const skipped = await press(page, "s");
    const wrong = await press(page, LABEL.squat);
    await eventually(async () => (await answersTo([wrong])).length).toBe(1);
    await page.keyboard.press("Control+z");
    await eventually(() => shown(page)).toBe(wrong);
    await press(page, "Enter");
    await press(page, LABEL["hammer-curl"]);
    // The one that was skipped waits for somebody else.
    await page.getByText("Nothing for you now").waitFor();
    await eventually(() => sending(page)).toBe("all sent");

    const given = await answersTo(tasks);
    const standing = given.filter(({ id, class: name }) => name !== null && !given.some(({ supersedes }) => supersedes === id));
    const byTask = new Map(standing.map((label) => [label.task, label]));
    expect(standing).toHaveLength(3);
    expect(byTask.get(edited)).toMatchObject({ class: "lunge", signed_by: "ann" });
    expect(byTask.get(edited)!.to_sample - byTask.get(edited)!.from_sample).toBe(WINDOW + WINDOW / 20);
    expect(byTask.get(wrong)).toMatchObject({ class: "squat" });
    expect(byTask.has(skipped)).toBe(false);
    expect(given.filter(({ class: name }) => name === null)).toMatchObject([{ task: wrong }]);
    cookies["ann"] = await context.cookies();
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("goes on without a network, warns before signing out, and a page closed and opened again loses no answer", async () => {
    const tasks = await queue(6);
    const { context, page } = await atDesk("ann", 6);
    await context.setOffline(true);
    const answered: string[] = [];
    for (const key of Object.values(LABEL)) answered.push(await press(page, key));
    answered.push(await press(page, "Enter"));
    await eventually(() => sending(page)).toBe("5 kept here, no connection");
    await page.getByRole("button", { name: "Account ann" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByText("5 answers are still on this device").waitFor();
    await holds(page, 1);
    await page.close();
    expect(await answersTo(tasks)).toEqual([]);

    await context.setOffline(false);
    const again = await context.newPage();
    await again.goto(`/p/${PROJECT}/annotate`);
    await eventually(async () => (await answersTo(tasks)).map(({ task }) => task)).toEqual(answered);
    await eventually(() => sending(again)).toBe("all sent");
    expect(answered).not.toContain(await shown(again));
    await context.close();
  });

  it("outlives the API: what was answered meanwhile arrives, once, also where only the answer was lost", async () => {
    const tasks = await queue(4);
    const { context, page } = await atDesk("ann", 4);
    let lost = 0;
    await page.route("**/labels", async (route) => {
      if (lost > 0) return route.continue();
      await route.fetch();
      await route.abort();
      lost += 1;
    });
    await press(page, LABEL.squat);
    await eventually(() => lost).toBe(1);
    // Else it would wait for the connections that browsers keep alive.
    const closed = app.close();
    app.server.closeAllConnections();
    await closed;
    await press(page, LABEL.lunge);
    await press(page, LABEL.squat);
    await eventually(() => sending(page)).toMatch(/kept here, no connection/);
    await serve();
    await eventually(() => sending(page)).toBe("all sent");
    expect((await answersTo(tasks)).map(({ class: name }) => name)).toEqual(["squat", "lunge", "squat"]);
    await context.close();
  });

  it("shows who was first, and an answer said all the same becomes a second opinion", async () => {
    const [task] = await queue(1);
    const { context, page } = await atDesk("ann", 1);
    const row = await platform.db.selectFrom("task").selectAll().where("id", "=", task!).executeTakeFirstOrThrow();
    const place = { subject: row.subject, recording: row.recording, from: row.from_sample, to: row.to_sample };
    const bobs = { id: randomUUID(), ...place, class: "lunge", task: task!, confirmation: false };
    await signLabel(platform, PROJECT, bobs, { account: "bob", role: "annotator" });
    await press(page, LABEL.squat);
    await page.getByText("You said squat, bob said lunge first").waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.reload();
    await page.getByText("You said squat, bob said lunge first").waitFor();
    await page.getByRole("button", { name: "Say it anyway" }).click();
    await eventually(async () => (await answersTo([task!])).map(({ class: name }) => name)).toEqual(["lunge", "squat"]);
    await eventually(
      async () => (await platform.db.selectFrom("task").select("state").where("id", "=", task!).executeTakeFirstOrThrow()).state,
    ).toBe("adjudicate");
    await page.getByText("You said squat").waitFor({ state: "detached" });
    await context.close();
  });

  it("of two tabs one sends; when it closes, the other one does", async () => {
    const tasks = await queue(4);
    const { context, page } = await atDesk("ann", 4);
    const other = await context.newPage();
    await other.goto(`/p/${PROJECT}/annotate`);
    await eventually(() => shown(other)).toBe(await shown(page));
    const sent: string[] = [];
    context.on("request", (request) => {
      if (request.method() === "POST" && request.url().endsWith("/labels")) sent.push(request.postDataJSON().task as string);
    });
    const one = await press(page, LABEL.squat);
    await eventually(() => shown(other)).not.toBe(one);
    const two = await press(other, LABEL.squat);
    await eventually(async () => (await answersTo(tasks)).length).toBe(2);
    await page.close();
    const three = await press(other, LABEL.lunge);
    await eventually(async () => (await answersTo(tasks)).length).toBe(3);
    expect(sent).toEqual([one, two, three]);
    await context.close();
  });

  it("is used by touch on a phone, and never sends one account's answers in another's name", async () => {
    const tasks = await queue(3);
    const { context, page } = await atDesk("ann", 3, { hasTouch: true, width: 390 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    const touched = await shown(page);
    await page.getByRole("group", { name: "Classes" }).getByRole("button", { name: "lunge" }).tap();
    await eventually(async () => (await answersTo([touched])).map(({ class: name }) => name)).toEqual(["lunge"]);
    // Somebody else signs in on this browser, in a tab that this page knows nothing of.
    await context.addCookies(cookies["bob"]!);
    const unsent = await shown(page);
    await page.keyboard.press(LABEL.squat);
    await page.getByRole("button", { name: "Account bob" }).waitFor();
    expect((await answersTo(tasks)).map(({ signed_by }) => signed_by)).toEqual(["ann"]);
    await context.addCookies(cookies["ann"]!);
    await page.reload();
    await eventually(async () => (await answersTo([unsent])).map(({ signed_by }) => signed_by)).toEqual(["ann"]);
    await context.close();
  });
});
