import { createHash, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { beforeAll, describe, expect, it } from "vitest";
import { addAccount, addToken } from "../../lib/app/accounts.ts";
import { takeIn } from "../../lib/app/intake.ts";
import { listRecordings, openSignal, showSignal, viewSignal } from "../../lib/app/signals.ts";
import { decodeView } from "../../lib/domain/signal/view.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { append } from "../../lib/store/journal.ts";
import { promote } from "../../lib/store/promotion.ts";
import { createApp } from "../../web/api/app.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { testConfig, testFolder } from "../support/services.ts";
import { storeSignal, type StoredSignal } from "../support/stored-signal.ts";
import { insertModel } from "./world.ts";

let platform: Platform;
let app: FastifyInstance;
let folder: string;
let authorization: string;
let signal: StoredSignal & { again: () => Promise<void> };

/** Ten minutes at 50 Hz, of which the fifth to the eighth minute was not measured; one sample stands out. */
const ROWS = 30_000;
const SPIKE = 20_123;
const GAP_US = 180e6;
const TIMES = `1700000000000000 + i * 20000 + case when i >= 12000 then ${GAP_US} else 0 end`;
const VALUES = `case when c = 2 and i = ${SPIKE} then 99 else sin(i / 50.0 + c) end`;
const ON_CLOCK = SPIKE + GAP_US / 20_000;

beforeAll(async () => {
  platform = openPlatform(await testConfig({ SENSORLOOP_LOG_LEVEL: "silent" }));
  app = await createApp(platform);
  closeAfterwards(async () => {
    await app.close();
    await platform[Symbol.asyncDispose]();
  });
  folder = await testFolder();
  const label = "case when i < 6000 then 'rest' when i < 12000 then 'walk' end";
  signal = await storeSignal(platform, {
    project: "gym",
    folder,
    rows: ROWS,
    value: VALUES,
    at: TIMES,
    label,
    media: "(?<recording>[^/]+)\\.(mp4|wav)$",
  });
  await addAccount(platform.db, { id: "vera", role: "viewer", projects: null }, "test");
  const { secret } = await addToken(platform.db, { account: "vera", name: "test", scope: "all", project: null, days: null }, "test");
  authorization = `Bearer ${secret}`;
});

const get = (url: string, query: Record<string, string | number>, headers: Record<string, string> = {}) =>
  app.inject({
    url,
    query: Object.fromEntries(Object.entries(query).map(([key, value]) => [key, String(value)])),
    headers: { authorization, ...headers },
  });
const named = () => ({ subject: signal.subject, recording: signal.recording });

describe("the signal of a recording", () => {
  it("is made once, however many ask at once and however many snapshots hold it", async () => {
    const { project, subject, recording } = signal;
    const opened = await Promise.all([1, 2, 3].map(() => openSignal(platform, project, subject, recording)));
    expect(new Set(opened.map(({ path }) => path)).size).toBe(1);
    await signal.again();
    await openSignal(platform, project, subject, recording);
    const rows = await platform.db.selectFrom("signal").select(["snapshot", "object", "samples"]).execute();
    expect(rows.map(({ snapshot }) => snapshot).sort()).toEqual(["gym-first", "gym-second"]);
    expect(new Set(rows.map(({ object }) => object)).size).toBe(1);
    expect(rows[0]!.samples).toBe(ROWS + GAP_US / 20_000);
  });

  it("tells channels, stretches and labels on the recording's clock, what people said above what files say", async () => {
    const { project, subject, recording } = signal;
    const at = { subject, recording, from: 21_500, to: 22_500, rateHz: 50 };
    await platform.db.transaction().execute((tx) =>
      append(tx, {
        kind: "label.signed",
        actor: "ann",
        project,
        payload: { label: randomUUID(), ...at, class: "rest", authority: "expert", task: null, supersedes: null, seconds: null },
      }),
    );
    const info = await showSignal(platform, { project, subject, recording });
    expect(info).toMatchObject({ rateHz: 50, startUs: 1_700_000_000_000_000, axis: "time", samples: 39_000 });
    expect(info.stretches).toEqual([
      [0, 12_000],
      [21_000, 39_000],
    ]);
    expect(info.labels).toEqual([
      { label: "rest", from: 0, to: 6_000, source: "file" },
      { label: "walk", from: 6_000, to: 12_000, source: "file" },
      { label: "rest", from: 21_500, to: 22_500, source: "people" },
    ]);
    expect(info.channels[3]).toEqual({ name: "gx", sensor: "gyro", unit: "rad/s" });
  });

  it("shows one sample that stands out at every zoom, and nothing where nothing was measured", async () => {
    for (const columns of [1, 7, 100, 1_000, 8_000]) {
      const answer = await get("/api/v1/projects/gym/signal/view", { ...named(), from: 0, to: 39_000, columns });
      expect(answer.headers["content-type"]).toBe("application/octet-stream");
      const view = decodeView(Uint8Array.from(answer.rawPayload).buffer);
      expect(view.columns).toBeLessThanOrEqual(columns);
      const peak = view.channels[2]!.max.findIndex((value) => value === 99);
      expect(Math.floor((ON_CLOCK - view.from) / view.step)).toBe(peak);
      expect(Math.max(...view.channels[1]!.max.filter((value) => !Number.isNaN(value)))).toBeLessThanOrEqual(1);
      if (columns < 100) continue;
      const [first, last] = [Math.ceil(12_000 / view.step), Math.floor(21_000 / view.step)];
      expect(view.channels[0]!.min.subarray(first, last).every(Number.isNaN)).toBe(true);
      expect(view.channels[0]!.min.subarray(0, first).some(Number.isNaN)).toBe(false);
    }
  });

  it("gives the samples themselves to whoever asks for as many columns", async () => {
    const view = await viewSignal(platform, signal, { from: ON_CLOCK - 3, to: ON_CLOCK + 3 }, 6);
    expect(view).toMatchObject({ from: ON_CLOCK - 3, step: 1, columns: 6 });
    const expected = [-3, -2, -1, 0, 1, 2].map((by) => (by === 0 ? 99 : Math.fround(Math.sin((SPIKE + by) / 50 + 2))));
    for (const [place, value] of view.channels[2]!.first.entries()) expect(value).toBeCloseTo(expected[place]!, 5);
  });

  it.each([
    ["a recording that is not there", { subject: "person", recording: "b.csv~0" }, "SUBJECT_UNKNOWN", 404],
    ["another person's", { subject: "nobody", recording: "a.csv~0" }, "SUBJECT_UNKNOWN", 404],
    ["samples behind its end", { subject: "person", recording: "a.csv~0", from: 50_000, to: 50_010 }, "REQUEST_INVALID", 400],
    ["no samples", { subject: "person", recording: "a.csv~0", from: 5, to: 5 }, "REQUEST_INVALID", 400],
  ])("refuses %s", async (_, query, code, status) => {
    const answer = await get("/api/v1/projects/gym/signal/view", { from: 0, to: 10, ...query });
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
  });
});

describe("the video of a recording", () => {
  const bytes = Buffer.from(Array.from({ length: 5_000 }, (_, at) => at % 251));

  it("is the upload that its name says, served by ranges under its own type", async () => {
    const path = join(folder, "film.mp4");
    await writeFile(path, bytes);
    await takeIn(platform, "gym", { name: "films/a.mp4", path }, "test");
    await takeIn(platform, "gym", { name: "films/other.mp4", path }, "test");
    const { media } = await showSignal(platform, signal);
    expect(media).toMatchObject({ kind: "video", offsetSeconds: 0.5 });
    const [url, query] = media!.url.split("?") as [string, string];
    const part = await get(url, Object.fromEntries(new URLSearchParams(query)), { range: "bytes=1000-1999" });
    expect(part.statusCode).toBe(206);
    expect(part.headers).toMatchObject({
      "content-type": "video/mp4",
      "content-range": "bytes 1000-1999/5000",
      "x-content-type-options": "nosniff",
    });
    expect(part.rawPayload.equals(bytes.subarray(1_000, 2_000))).toBe(true);
    const beyond = await get(url, named(), { range: "bytes=9000-" });
    expect(beyond.statusCode).toBe(416);
    const again = await get(url, named(), { "if-none-match": String(part.headers["etag"]) });
    expect([again.statusCode, again.rawPayload.length]).toEqual([304, 0]);
  });
});

describe("recordings with predictions", () => {
  it("come least confident first, page by page, and are found by name and subject", async () => {
    const { db } = platform;
    await insertModel(db, { id: "m1", project: "gym", slot: "gym/all/acc" });
    // The model's own snapshot has no bytes: it is not the one to look at.
    await db
      .updateTable("snapshot")
      .set({ created_at: new Date(0) })
      .where("id", "=", "gym-snapshot")
      .execute();
    await db
      .transaction()
      .execute((tx) => promote(tx, { project: "gym", slot: "gym/all/acc", model: "m1", expected: null, actor: "test", why: "first" }));
    const windows = ["a.csv~0", "b.csv~0", "c.csv~0"].flatMap((recording, place) =>
      [0, 1].map((window) => ({
        ...{ project: "gym", model: "m1", snapshot: "gym-second", subject: place === 1 ? "anna" : "person", recording, run: "some-run" },
        ...{ window_from: window * 25, window_to: window * 25 + 50, start_us: 0, split: "unlabelled", predicted: "walk" },
        confidence: [0.9, 0.5, 0.5][place]! - window / 10,
      })),
    );
    await db.insertInto("prediction").values(windows).execute();
    const first = await listRecordings(platform, "gym", { limit: 2 });
    expect(first.items.map(({ recording, confidence }) => [recording, confidence])).toEqual([
      ["b.csv~0", 0.45],
      ["c.csv~0", 0.45],
    ]);
    const second = await listRecordings(platform, "gym", { limit: 2, after: first.next! });
    expect(second).toEqual({
      items: [{ subject: "person", recording: "a.csv~0", predictions: 2, confidence: 0.85, labels: 1 }],
      next: null,
    });
    expect((await listRecordings(platform, "gym", { limit: 9, search: "ANN" })).items.map(({ recording }) => recording)).toEqual([
      "b.csv~0",
    ]);
    const task = randomUUID();
    await db
      .insertInto("task")
      .values({
        ...{
          id: task,
          project: "gym",
          reason: "random",
          subject: "person",
          recording: "a.csv~0",
          from_sample: 0,
          to_sample: 50,
          rate_hz: 50,
        },
        ...{ start_us: 0, model: "m1", snapshot: "s", predicted: "walk", confidence: 0.5, claimed: null, gold: null, rank: 0, wanted: 2 },
        ...{ outcome: null, reminded_at: null, escalated_at: null, closed_at: null },
      })
      .execute();
    const answered = { subject: "person", recording: "a.csv~0", from: 25_000, to: 25_050, rateHz: 50, class: "walk", task };
    const payload = { label: randomUUID(), ...answered, authority: "annotator" as const, supersedes: null, seconds: null };
    await db.transaction().execute((tx) => append(tx, { kind: "label.signed", actor: "ann", project: "gym", payload }));
    const said = (labels: readonly { source: string }[]) => labels.filter(({ source }) => source === "people").length;
    const vera = (await get("/api/v1/projects/gym/signal", named())).json<{ labels: { source: string }[] }>();
    const ann = await showSignal(platform, signal, "ann");
    expect([said(vera.labels), said(ann.labels)], "a second answer is wanted, and may be asked of her").toEqual([1, 2]);
    const { predictions } = await showSignal(platform, signal);
    expect(predictions.map(({ from, to }) => [from, to])).toEqual([
      [0, 50],
      [25, 75],
    ]);
  });
});

describe("a model for who scores elsewhere", () => {
  it("comes with its spec and its weights, and is not sent again to who has it", async () => {
    const { db, objects } = platform;
    const weights = new Uint8Array(Float32Array.from([1, 2, 3, 4]).buffer);
    const artifact = {
      ...{ format: 1, genome: { family: "logistic", l2: 0.001, maxIterations: 5 }, classes: ["rest", "walk"] },
      ...{ input: { kind: "features", names: ["x"] }, scaling: { mean: [0], sd: [1], clip: 9 } },
      tensors: [{ name: "w", shape: [4], offset: 0 }],
      training: { backend: null, threads: 1, seed: 1, epochs: 1, rows: 1, seconds: 1 },
      weights: { sha256: createHash("sha256").update(weights).digest("hex"), floats: 4 },
    };
    const put = [
      await objects.putBytes("gym", "model", Buffer.from(JSON.stringify(artifact))),
      await objects.putBytes("gym", "model", weights),
    ];
    const rows = put.map(({ key, project, kind, sha256, bytes }) => ({ key, project, kind, sha256, bytes }));
    await db.insertInto("object").values(rows).execute();
    await insertModel(db, { id: "m2", project: "gym", slot: "gym/all/acc" });
    await db.updateTable("model").set({ artifact: put[0]!.key, weights: put[1]!.key }).where("id", "=", "m2").execute();

    const model = await get("/api/v1/models/m2/artifact", {});
    expect(model.json()).toMatchObject({ model: "m2", artifact: { classes: ["rest", "walk"] }, spec: { project: "gym", rateHz: 50 } });
    const floats = await get("/api/v1/models/m2/weights", {});
    expect(floats.rawPayload.equals(Buffer.from(weights))).toBe(true);
    for (const [path, { headers }] of [
      ["artifact", model],
      ["weights", floats],
    ] as const) {
      const again = await get(`/api/v1/models/m2/${path}`, {}, { "if-none-match": String(headers["etag"]) });
      expect([again.statusCode, again.rawPayload.length]).toEqual([304, 0]);
    }
  });
});
