import { createHash } from "node:crypto";
import type { Account } from "../../domain/api/access.ts";
import { accountOf } from "./accounts.ts";
import type { Db } from "./rows.ts";

/** Sessions are found by the hash of their secret: whoever reads the table cannot sign in with what it holds. */
export function secretHash(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

export async function insertSession(
  db: Db,
  session: { secret: string; account: string; expiresAt: Date; data: Record<string, unknown> },
): Promise<void> {
  await db
    .insertInto("session")
    .values({
      sid_sha256: secretHash(session.secret),
      account: session.account,
      data: JSON.stringify(session.data),
      expires_at: session.expiresAt,
    })
    .execute();
}

/** The account of a session that has not ended and was not revoked. */
export async function findSession(db: Db, secret: string): Promise<{ account: Account; expiresAt: Date } | undefined> {
  const row = await db
    .selectFrom("session")
    .innerJoin("account", "account.id", "session.account")
    .selectAll("account")
    .select("session.expires_at")
    .where("session.sid_sha256", "=", secretHash(secret))
    .where("session.expires_at", ">", new Date())
    .where("account.revoked_at", "is", null)
    .executeTakeFirst();
  return row && { account: accountOf(row), expiresAt: row.expires_at };
}

export async function removeSession(db: Db, secret: string): Promise<void> {
  await db.deleteFrom("session").where("sid_sha256", "=", secretHash(secret)).execute();
}

export async function removeSessionsOf(db: Db, account: string): Promise<void> {
  await db.deleteFrom("session").where("account", "=", account).execute();
}

export async function removeExpiredSessions(db: Db): Promise<void> {
  await db.deleteFrom("session").where("expires_at", "<=", new Date()).execute();
}
