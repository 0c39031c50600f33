import type { Selectable } from "kysely";
import type { Account } from "../../domain/api/access.ts";
import type { Database } from "../database.ts";
import { iso, isoOrNull, type Db } from "./rows.ts";

export async function listAccounts(db: Db): Promise<Account[]> {
  const rows = await db.selectFrom("account").selectAll().orderBy("id").execute();
  return rows.map(accountOf);
}

export async function findAccount(db: Db, id: string): Promise<Account | undefined> {
  const row = await db.selectFrom("account").selectAll().where("id", "=", id).executeTakeFirst();
  return row && accountOf(row);
}

/** An account that may sign in, with the hash of its password. */
export async function findSecret(db: Db, id: string): Promise<{ account: Account; hash: string } | undefined> {
  const row = await db
    .selectFrom("account")
    .innerJoin("account_secret", "account_secret.account", "account.id")
    .selectAll("account")
    .select("account_secret.hash")
    .where("account.id", "=", id)
    .where("account.revoked_at", "is", null)
    .executeTakeFirst();
  return row && { account: accountOf(row), hash: row.hash };
}

export async function setSecret(db: Db, account: string, hash: string): Promise<void> {
  await db
    .insertInto("account_secret")
    .values({ account, hash })
    .onConflict((conflict) => conflict.column("account").doUpdateSet({ hash, changed_at: new Date() }))
    .execute();
}

export async function removeSecret(db: Db, account: string): Promise<void> {
  await db.deleteFrom("account_secret").where("account", "=", account).execute();
}

export function accountOf(row: Selectable<Database["account"]>): Account {
  return { id: row.id, role: row.role, projects: row.projects, createdAt: iso(row.created_at), revokedAt: isoOrNull(row.revoked_at) };
}
