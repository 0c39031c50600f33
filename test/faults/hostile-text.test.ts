import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { beforeAll, describe, expect, it } from "vitest";
import { addAccount } from "../../lib/app/accounts.ts";
import { signLabel } from "../../lib/app/answers.ts";
import { applySpec } from "../../lib/app/projects.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { promote } from "../../lib/store/promotion.ts";
import { insertTasks } from "../../lib/store/repositories/tasks.ts";
import { createApp } from "../../web/api/app.ts";
import { insertModel } from "../app/world.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { testConfig } from "../support/services.ts";
import { launchBrowser, openPage, settled, signIn, type Watched } from "../ui/browser.ts";
import { PLACES } from "../../web/ui/frame/places.ts";
import { builtPages } from "../ui/built-pages.ts";

const CLASS = `"><svg onload=alert(1)>`;
const FORMULA = `=HYPERLINK("http://evil.example","sum")`;
const SUBJECT = `<script>alert(2)</script>`;
const RECORDING = `<iframe srcdoc='<script>alert(3)</script>'>`;
const FILE = `<img src=x onerror=alert(4)>.csv`;
const WHY = `<a href="javascript:alert(5)">why</a><img src=x onerror=alert(5)>`;

let platform: Platform;
let watched: Watched;
let session: string;
let url: string;

beforeAll(async () => {
  platform = openPlatform(await testConfig({ SENSORLOOP_LOG_LEVEL: "silent" }));
  closeAfterwards(async () => platform[Symbol.asyncDispose]());
  const app = await createApp(platform, { uiFolder: await builtPages() });
  closeAfterwards(async () => app.close());
  await app.listen({ host: "127.0.0.1", port: 0 });
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  await fill();
  const { password } = await addAccount(platform.db, { id: "ada", role: "engineer", projects: null }, "test");
  const browser = await launchBrowser();
  closeAfterwards(() => browser.close());
  watched = await openPage(browser, url);
  watched.page.on("dialog", (dialog) => {
    watched.complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await watched.page.goto("/");
  await signIn(watched.page, "ada", password);
  session = (await watched.context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
}, 240_000);

/** A project in which every text that others choose is an attack. */
async function fill(): Promise<void> {
  const { db } = platform;
  const spec = {
    ...{ project: "gym", title: `Gym <img src=x onerror=alert(6)>` },
    files: [
      {
        match: "\\.csv$",
        subject: { constant: "someone" },
        channels: { x: { sensor: "acc", range: [-16, 16] } },
        label: { column: "label" },
      },
    ],
    labels: { classes: [CLASS, FORMULA] },
    windows: { kind: "row" },
    annotation: { experts: ["ada"], guide: WHY },
  };
  await applySpec(platform, { text: JSON.stringify(spec), name: "spec.yaml" }, "test");
  const slot = "gym/all/acc";
  const model = await insertModel(db, { id: "gym-model", project: "gym", slot });
  await db.transaction().execute((tx) => promote(tx, { project: "gym", slot, model, expected: null, actor: WHY, why: WHY }));
  await db.insertInto("subject").values({ project: "gym", biometric_id: SUBJECT, external_id: SUBJECT }).execute();
  const place = { project: "gym", model, snapshot: "gym-snapshot", subject: SUBJECT, recording: RECORDING };
  await db
    .insertInto("prediction")
    .values(
      Array.from({ length: 5 }, (_, n) => ({
        ...{ ...place, run: "hostile", window_from: n, window_to: n + 1, start_us: 0, split: "holdout" },
        ...{ actual: FORMULA, predicted: CLASS, confidence: 0.4 },
      })),
    )
    .execute();
  const task = {
    reason: "uncertain",
    rate_hz: 1,
    start_us: 0,
    predicted: CLASS,
    confidence: 0.4,
    claimed: FORMULA,
    gold: null,
    wanted: 1,
  } as const;
  await db.transaction().execute((tx) => insertTasks(tx, [{ ...place, ...task, id: randomUUID(), from_sample: 0, to_sample: 1, rank: 0 }]));
  for (const name of [CLASS, FORMULA])
    await signLabel(
      platform,
      "gym",
      { id: randomUUID(), subject: SUBJECT, recording: RECORDING, from: 2, to: 3, class: name, confirmation: false },
      { account: "ada", role: "engineer" },
    );
  await db
    .insertInto("run")
    .values({
      ...{ id: "hostile", project: "gym", spec_version: 1, seed: 1, state: "failed", params: '{"kind":"training"}', requested_by: WHY },
      error: JSON.stringify({ code: "INTERNAL", message: WHY, remedy: "", retryable: false, facts: {} }),
    })
    .execute();
  await db.insertInto("run_log").values({ run: "hostile", stage: null, message: WHY, level: "error" }).execute();
}

describe("text that others choose", () => {
  it("F35: is text on every page, whatever it is in: no dialog, no script, no breach of the pages' policy", async () => {
    const { page, complaints } = watched;
    const form = new FormData();
    form.append("files", new Blob(["x,label\n1,2\n"]), FILE);
    const sent = await fetch(`${url}/api/v1/projects/gym/uploads`, {
      method: "POST",
      body: form,
      headers: { cookie: session, origin: url },
    });
    expect(sent.status).toBe(201);
    const shown: string[] = [];
    for (const place of [
      ...PLACES.map(({ to }) => to.split("/").at(-1)!),
      "runs/hostile",
      "models?tab=champions",
      "models/gym-model",
      "samples?model=gym-model",
      `recordings?subject=${encodeURIComponent(SUBJECT)}&recording=${encodeURIComponent(RECORDING)}`,
    ]) {
      await page.goto(`/p/gym/${place}`);
      await page.getByRole("navigation", { name: "Pages" }).waitFor();
      await settled(page);
      shown.push(await page.locator("body").innerText());
      expect({ place, complaints }).toEqual({ place, complaints: [] });
    }
    // As it was written, in the places that are for it.
    for (const text of [FILE, CLASS, WHY])
      expect(
        shown.some((page) => page.includes(text)),
        text,
      ).toBe(true);
    expect(await page.evaluate(() => document.querySelectorAll("iframe, svg[onload], img[onerror]").length)).toBe(0);
  });

  it("F35: is no formula in the file of labels", async () => {
    const answer = await fetch(`${url}/api/v1/projects/gym/labels/export?format=csv`, { headers: { cookie: session } });
    const text = await answer.text();
    expect(answer.status).toBe(200);
    expect(text).toContain(`"'=HYPERLINK(`);
    expect(text.split(/[\n,]/).filter((cell) => /^"?[=+@]/.test(cell))).toEqual([]);
  });
});
