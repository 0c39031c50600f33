import type { Selectable } from "kysely";
import type { Account, Token } from "../../domain/api/access.ts";
import type { Database } from "../database.ts";
import { findAccount } from "./accounts.ts";
import { iso, isoOrNull, type Db } from "./rows.ts";
import { secretHash } from "./sessions.ts";

/** @param account whose; all accounts where left out */
export async function listTokens(db: Db, account?: string): Promise<Token[]> {
  let query = db.selectFrom("token").selectAll().orderBy("created_at", "desc").orderBy("id");
  if (account !== undefined) query = query.where("account", "=", account);
  return (await query.limit(1_000).execute()).map(tokenOf);
}

export async function findToken(db: Db, id: string): Promise<Token | undefined> {
  const row = await db.selectFrom("token").selectAll().where("id", "=", id).executeTakeFirst();
  return row && tokenOf(row);
}

/** The token of a secret with its account, where both hold. */
export async function findTokenBySecret(db: Db, secret: string): Promise<{ token: Token; account: Account } | undefined> {
  const row = await db
    .selectFrom("token_secret")
    .innerJoin("token", "token.id", "token_secret.token")
    .selectAll("token")
    .where("token_secret.sha256", "=", secretHash(secret))
    .where("token.revoked_at", "is", null)
    .where((where) => where.or([where("token.expires_at", "is", null), where("token.expires_at", ">", new Date())]))
    .executeTakeFirst();
  const account = row && (await findAccount(db, row.account));
  return row && account?.revokedAt === null ? { token: tokenOf(row), account } : undefined;
}

export async function insertTokenSecret(db: Db, token: string, secret: string): Promise<void> {
  await db
    .insertInto("token_secret")
    .values({ token, sha256: secretHash(secret) })
    .execute();
}

export async function removeTokenSecret(db: Db, token: string): Promise<void> {
  await db.deleteFrom("token_secret").where("token", "=", token).execute();
}

function tokenOf(row: Selectable<Database["token"]>): Token {
  const { id, account, name, scope, project } = row;
  return {
    id,
    account,
    name,
    scope,
    project,
    createdAt: iso(row.created_at),
    expiresAt: isoOrNull(row.expires_at),
    revokedAt: isoOrNull(row.revoked_at),
  };
}
