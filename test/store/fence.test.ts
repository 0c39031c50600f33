import { beforeAll, describe, expect, it } from "vitest";
import type { Kysely } from "kysely";
import { openDatabase, type Database } from "../../lib/store/database.ts";
import { hold, raise } from "../../lib/store/fence.ts";
import { testDatabase } from "../support/services.ts";

let db: Kysely<Database>;
beforeAll(async () => {
  db = openDatabase(await testDatabase());
  return () => db.destroy();
});

describe("a fence", () => {
  it("F03: refuses the publish of an attempt that was overtaken while it slept", async () => {
    await raise(db, { scope: "run/stage", token: 1 });
    await raise(db, { scope: "run/stage", token: 2 });
    const late = db.transaction().execute(async (tx) => {
      await hold(tx, { scope: "run/stage", token: 1 });
      await tx.insertInto("fence").values({ scope: "published-by-1", token: 1 }).execute();
    });
    await expect(late).rejects.toMatchObject({ code: "STALE_ATTEMPT", retryable: false });
    expect(await db.selectFrom("fence").selectAll().where("scope", "=", "published-by-1").execute()).toEqual([]);
  });

  it("F03: makes a newer attempt wait for a publish that holds it, so that one of them sees the other's work", async () => {
    await raise(db, { scope: "held", token: 1 });
    const order: string[] = [];
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const publish = db.transaction().execute(async (tx) => {
      await hold(tx, { scope: "held", token: 1 });
      await held;
      order.push("published");
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const raised = raise(db, { scope: "held", token: 2 }).then(() => order.push("raised"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    release();
    await Promise.all([publish, raised]);
    expect(order).toEqual(["published", "raised"]);
  });

  it("refuses to begin an attempt that is older than the newest", async () => {
    await raise(db, { scope: "late-start", token: 3 });
    await expect(raise(db, { scope: "late-start", token: 2 })).rejects.toMatchObject({ code: "STALE_ATTEMPT" });
  });
});
