import { beforeAll, expect, it } from "vitest";
import { applySpec } from "../../lib/app/projects.ts";
import { writeFeatures } from "../../lib/store/feature-writer.ts";
import { specText } from "../app/world.ts";
import { openApi, type Api } from "./world.ts";

let api: Api;
let headers: { authorization: string };
const PROJECT = "/api/v1/projects/store";
const EVENT = Date.UTC(2025, 0, 1);

beforeAll(async () => {
  api = await openApi();
  headers = await api.bearer({ id: "vera", role: "viewer" });
  const { db } = api.platform;
  const sets = "featureStore: { sets: { counts: { from: labels }, people: { from: profile, maxAgeDays: 30 } } }\n";
  await applySpec(api.platform, { text: specText("store") + sets, name: "spec.yaml" }, "test");
  await db.insertInto("subject").values({ project: "store", biometric_id: "b1", external_id: "ann" }).execute();
  const set = { name: "people", names: ["age", "sex"], definition: {} };
  await db
    .transaction()
    .execute((tx) => writeFeatures(tx, "store", set, [[{ subject: "b1", eventMs: EVENT, values: [31, null] }]], "test"));
});

it("tells a reader what there is, how fresh, and serves a subject of its biometric id alone", async () => {
  const list = await api.send({ url: `${PROJECT}/features`, headers });
  expect(list.body["items"]).toMatchObject([
    { name: "counts", version: 0, rows: 0, stale: false },
    { name: "people", version: 1, rows: 1, subjects: 1, newestEventAt: new Date(EVENT).toISOString(), stale: true },
  ]);
  const statistics = await api.send({ url: `${PROJECT}/features/people/statistics`, headers });
  expect(statistics.body["features"]).toMatchObject([
    { name: "age", count: 1, mean: 31 },
    { name: "sex", count: 0, missing: 1, mean: null },
  ]);
  const old = await api.send({ url: `${PROJECT}/subjects/b1/features?sets=people`, headers });
  expect(old.body["sets"]).toMatchObject([{ set: "people", version: 1, stale: true, values: { age: null, sex: null } }]);
  const { status, body } = await api.send({ url: `${PROJECT}/subjects/ann/features`, headers });
  expect([status, body["code"]]).toEqual([404, "SUBJECT_UNKNOWN"]);
});

it("joins ten thousand moments in one request, and refuses one more", async () => {
  const rows = Array.from({ length: 10_000 }, (_, day) => ({ subject: "b1", at: new Date(EVENT + (day - 1) * 86_400_000).toISOString() }));
  const asOf = new Date(Date.now() + 1_000).toISOString();
  const join = (payload: object) => api.send({ method: "POST", url: `${PROJECT}/features/join`, headers, payload });
  const { status, body } = await join({ rows, asOf });
  expect(status).toBe(200);
  expect(body["columns"]).toEqual(["people.age", "people.sex"]);
  const joined = body["rows"] as { at: string; values: (number | null)[] }[];
  // Nothing on the day before, then for as long as the spec lets it live.
  expect(joined.slice(0, 34).map(({ values }) => values[0])).toEqual([null, ...new Array<number>(31).fill(31), null, null]);
  expect((await join({ rows: [...rows, rows[0]] })).body["code"]).toBe("REQUEST_INVALID");
  expect((await join({ rows: rows.slice(0, 1), sets: ["none"] })).status).toBe(404);
});
