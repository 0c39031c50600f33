import { sql, type Kysely } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addAccount, addToken, ensureFirstUser, listAccounts, revokeAccount, revokeToken, verifyPassword } from "../../lib/app/accounts.ts";
import { SensorloopError } from "../../lib/domain/errors.ts";
import { openDatabase, type Database } from "../../lib/store/database.ts";
import { append } from "../../lib/store/journal.ts";
import { rebuild } from "../../lib/store/journal-rebuild.ts";
import { championAt, promote, rollback } from "../../lib/store/promotion.ts";
import { testDatabase } from "../support/services.ts";
import { insertModel } from "./world.ts";

let db: Kysely<Database>;

beforeAll(async () => {
  db = openDatabase(await testDatabase(), { connections: 20 });
});
afterAll(() => db.destroy());

const codeOf = (error: unknown) => (error instanceof SensorloopError ? error.code : String(error));
const inTx = <Result>(work: Parameters<ReturnType<typeof db.transaction>["execute"]>[0]) =>
  db.transaction().execute(work) as Promise<Result>;

/** A small generator, so that a failure can be had again from its seed. */
function dice(seed: number) {
  let state = seed >>> 0;
  return (sides: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % sides;
  };
}

describe("the journal", () => {
  it("refuses to change, remove or truncate what was written", async () => {
    await inTx((tx) => append(tx, { kind: "run.cancelled", actor: "a", project: "p", payload: { run: "r", why: "" } }));
    await expect(sql`update journal set actor = 'b'`.execute(db)).rejects.toThrow(/append-only/);
    await expect(sql`delete from journal`.execute(db)).rejects.toThrow(/append-only/);
    await expect(sql`truncate journal`.execute(db)).rejects.toThrow(/append-only/);
  });

  it("refuses a payload that is not one of its kind, and leaves nothing of it", async () => {
    const count = async () => Number((await sql<{ n: number }>`select count(*) as n from journal`.execute(db)).rows[0]?.n);
    const before = await count();
    const wrong = { kind: "run.cancelled", actor: "a", project: "p", payload: { run: 7 } } as never;
    await expect(inTx((tx) => append(tx, wrong))).rejects.toThrow();
    expect(await count()).toBe(before);
  });

  it("rebuilds its projections without a difference after 300 random commands", async () => {
    const roll = dice(20_261_121);
    const slots = ["p0/all/acc", "p0/c1/acc", "p1/all/acc"];
    for (const slot of slots)
      for (let n = 0; n < 4; n++) await insertModel(db, { id: `${slot.replaceAll("/", "-")}-${n}`, project: slot.slice(0, 2), slot });
    const tokens: string[] = [];
    const refused: string[] = [];
    const commands: (() => Promise<unknown>)[] = [
      () =>
        inTx((tx) =>
          append(tx, {
            kind: "project.applied",
            actor: "a",
            project: `p${roll(3)}`,
            payload: { version: roll(9) + 1, sha256: String(roll(99)), title: "t" },
          }),
        ),
      async () => {
        const slot = slots[roll(3)] as string;
        const present = await db.selectFrom("champion").select("model").where("slot", "=", slot).executeTakeFirst();
        const model = `${slot.replaceAll("/", "-")}-${roll(4)}`;
        await inTx((tx) => promote(tx, { project: slot.slice(0, 2), slot, model, expected: present?.model ?? null, actor: "a", why: "" }));
      },
      () => {
        const slot = slots[roll(3)] as string;
        return inTx((tx) => rollback(tx, { project: slot.slice(0, 2), slot, actor: "a", why: "" }));
      },
      () =>
        inTx((tx) =>
          append(tx, {
            kind: "account.added",
            actor: "a",
            project: null,
            payload: { account: `u${roll(5)}`, role: "viewer", projects: roll(2) ? ["p0", "p1"] : null },
          }),
        ),
      () => inTx((tx) => append(tx, { kind: "account.revoked", actor: "a", project: null, payload: { account: `u${roll(7)}` } })),
      async () => {
        const token = `t${tokens.length}`;
        const expiresAt = roll(2) ? new Date(1_800_000_000_123).toISOString() : null;
        await inTx((tx) =>
          append(tx, {
            kind: "token.added",
            actor: "a",
            project: null,
            payload: { token, account: "u1", name: "n", scope: "read", project: null, expiresAt },
          }),
        );
        tokens.push(token);
      },
      () =>
        inTx((tx) =>
          append(tx, { kind: "token.revoked", actor: "a", project: null, payload: { token: tokens[roll(tokens.length || 1)] ?? "none" } }),
        ),
    ];
    for (let n = 0; n < 300; n++) await commands[roll(commands.length)]?.().catch((error: unknown) => refused.push(codeOf(error)));
    expect(new Set(refused)).toEqual(new Set(["NO_CHAMPION", "CONFLICT"]));

    const rebuilt = await rebuild(db);
    expect(rebuilt.differences).toEqual([]);
    expect(rebuilt.rows.champion).toBe(3);
    expect(rebuilt.rows.token).toBe(tokens.length);
  });

  it("finds a projection that someone changed by hand, and mends it with `apply`", async () => {
    await sql`update champion set model = 'smuggled' where slot = 'p0/all/acc'`.execute(db);
    const { differences } = await rebuild(db);
    expect(differences.map(({ table, side }) => `${table} ${side}`).sort()).toEqual(["champion journal", "champion table"]);
    expect((await rebuild(db, { apply: true })).applied).toBe(true);
    expect((await rebuild(db)).differences).toEqual([]);
    const rows = await db.selectFrom("champion").select("model").where("model", "=", "smuggled").execute();
    expect(rows).toEqual([]);
  });
});

describe("promotion", () => {
  it("F27: of 100 racing pairs of promotions exactly one wins, and the other is told who did", async () => {
    const slot = "race/all/acc";
    let present: string | null = null;
    for (let round = 0; round < 100; round++) {
      const pair = await Promise.all(["a", "b"].map((side) => insertModel(db, { id: `race-${round}-${side}`, project: "race", slot })));
      const expected: string | null = present;
      const outcomes: PromiseSettledResult<boolean>[] = await Promise.allSettled(
        pair.map((model) => inTx<boolean>((tx) => promote(tx, { project: "race", slot, model, expected, actor: model, why: "" }))),
      );
      const won = outcomes.flatMap((outcome, index) => (outcome.status === "fulfilled" ? [pair[index] as string] : []));
      const lost = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as SensorloopError] : []));
      expect(won).toHaveLength(1);
      expect(lost.map(codeOf)).toEqual(["CONFLICT"]);
      expect(lost[0]?.facts["champion"]).toBe(won[0]);
      const rows = await db.selectFrom("champion").select("model").where("slot", "=", slot).execute();
      expect(rows.map((row) => row.model)).toEqual(won);
      present = won[0] ?? null;
    }
    const events = await db.selectFrom("journal").select("id").where("kind", "=", "model.promoted").where("subject", "=", slot).execute();
    expect(events).toHaveLength(100);
    expect((await rebuild(db)).differences).toEqual([]);
  });

  it("F27: a promotion and a roll-back that race leave one champion, and the journal says which", async () => {
    const slot = "duel/all/acc";
    const models = await Promise.all(["a", "b", "c"].map((name) => insertModel(db, { id: `duel-${name}`, project: "duel", slot })));
    const [first, second, third] = models as [string, string, string];
    await inTx((tx) => promote(tx, { project: "duel", slot, model: first, expected: null, actor: "x", why: "" }));
    await inTx((tx) => promote(tx, { project: "duel", slot, model: second, expected: first, actor: "x", why: "" }));
    const outcomes = await Promise.allSettled([
      inTx((tx) => promote(tx, { project: "duel", slot, model: third, expected: second, actor: "x", why: "" })),
      inTx((tx) => rollback(tx, { project: "duel", slot, expected: second, actor: "y", why: "" })),
    ]);
    expect(outcomes.filter((outcome) => outcome.status === "fulfilled")).toHaveLength(1);
    expect((await rebuild(db)).differences).toEqual([]);
  });

  it("rolls back step by step, tells who was champion when, and goes no further than the first", async () => {
    const slot = "steps/all/acc";
    const [a, b, c] = (await Promise.all(
      ["a", "b", "c"].map((name) => insertModel(db, { id: `steps-${name}`, project: "steps", slot })),
    )) as [string, string, string];
    const to = (model: string, expected: string | null) =>
      inTx((tx) => promote(tx, { project: "steps", slot, model, expected, actor: "x", why: "" }));
    const back = () => inTx<string>((tx) => rollback(tx, { project: "steps", slot, actor: "x", why: "it got worse" }));
    const before = new Date(Date.now() - 1000);
    await to(a, null);
    const whileA = new Date();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await to(b, a);
    await to(c, b);
    expect(await back()).toBe(b);
    expect(await back()).toBe(a);
    await expect(back()).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await championAt(db, slot, before)).toBeNull();
    expect(await championAt(db, slot, whileA)).toBe(a);
    await to(c, a);
    expect(await back()).toBe(a);
  });

  it("refuses models that failed, that belong to another slot or project, or that do not exist", async () => {
    const slot = "checks/all/acc";
    await insertModel(db, { id: "checks-failed", project: "checks", slot, state: "failed" });
    await insertModel(db, { id: "checks-other", project: "checks", slot: "checks/c1/acc" });
    const refusal = (model: string, project = "checks") =>
      inTx((tx) => promote(tx, { project, slot, model, expected: null, actor: "x", why: "" })).then(String, codeOf);
    expect(await refusal("checks-failed")).toBe("CONFLICT");
    expect(await refusal("checks-other")).toBe("CONFLICT");
    expect(await refusal("steps-a")).toBe("NOT_FOUND");
    expect(await refusal("nothing")).toBe("NOT_FOUND");
    expect(await db.selectFrom("champion").selectAll().where("slot", "=", slot).execute()).toEqual([]);
  });

  it("answers a retry after a lost answer without a second event", async () => {
    const slot = "retry/all/acc";
    await insertModel(db, { id: "retry-a", project: "retry", slot });
    const once = () =>
      inTx<boolean>((tx) => promote(tx, { project: "retry", slot, model: "retry-a", expected: null, actor: "x", why: "" }));
    expect([await once(), await once()]).toEqual([true, false]);
    expect(await db.selectFrom("journal").select("id").where("subject", "=", slot).execute()).toHaveLength(1);
  });
});

describe("accounts", () => {
  let own: Kysely<Database>;
  beforeAll(async () => {
    own = openDatabase(await testDatabase());
  });
  afterAll(() => own.destroy());

  it("makes one first account when ten processes start at once, with a password nobody else knows", async () => {
    const made = (await Promise.all(Array.from({ length: 10 }, () => ensureFirstUser(own)))).filter((first) => first !== null);
    expect(made).toHaveLength(1);
    const { account, password } = made[0] as { account: string; password: string };
    expect(password).toMatch(/^[A-Za-z0-9]{20}$/);
    expect((await verifyPassword(own, account, password))?.id).toBe(account);
    expect(await verifyPassword(own, account, `${password}x`)).toBeUndefined();
    const stored = await own.selectFrom("account_secret").select("hash").executeTakeFirstOrThrow();
    expect(stored.hash).toMatch(/^\$argon2id\$/);
    const journal = await sql<{ text: string }>`select string_agg(payload::text, ' ') as text from journal`.execute(own);
    expect(journal.rows[0]?.text).not.toContain(password);
    expect(journal.rows[0]?.text).not.toContain("argon2");
  });

  it("keeps the last account that can manage accounts, and ends sessions and tokens with the others", async () => {
    await expect(revokeAccount(own, "admin", "admin")).rejects.toMatchObject({ code: "CONFLICT" });
    await addAccount(own, { id: "ann", role: "annotator", projects: ["gym"] }, "admin");
    await expect(addAccount(own, { id: "ann", role: "viewer", projects: null }, "admin")).rejects.toMatchObject({ code: "CONFLICT" });
    const { token } = await addToken(own, { account: "ann", name: "phone", scope: "predict", project: null, days: 1 }, "admin");
    await revokeAccount(own, "ann", "admin");
    await expect(revokeToken(own, token.id, "admin")).rejects.toMatchObject({ code: "NOT_FOUND" });
    const { password } = await addAccount(own, { id: "ann", role: "viewer", projects: null }, "admin");
    expect((await verifyPassword(own, "ann", password))?.role).toBe("viewer");
    expect((await own.selectFrom("token").select("revoked_at").where("id", "=", token.id).executeTakeFirst())?.revoked_at).not.toBeNull();
    expect((await rebuild(own)).differences).toEqual([]);
    expect((await listAccounts(own)).map(({ id }) => id)).toEqual(["admin", "ann"]);
  });

  it("F37: an unknown account takes as long to refuse as a known one", async () => {
    const time = async (account: string) => {
      const began = performance.now();
      await verifyPassword(own, account, "not-the-password");
      return performance.now() - began;
    };
    // In turns, and the fastest of each: what else the machine does slows both.
    const [known, unknown] = [[], []] as [number[], number[]];
    for (let n = 0; n < 15; n++) {
      known.push(await time("admin"));
      unknown.push(await time("nobody-here"));
    }
    // Without the decoy an unknown account is refused some twenty times faster.
    const ratio = Math.min(...unknown) / Math.min(...known);
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });
});
