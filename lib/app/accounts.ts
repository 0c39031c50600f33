import { randomBytes } from "node:crypto";
import { sql, type Kysely, type Transaction } from "kysely";
import { mayDo, type Account, type Actor, type Role, type Token, type TokenScope } from "../domain/api/access.ts";
import { SensorloopError } from "../domain/errors.ts";
import { checkId } from "../domain/ids.ts";
import type { Database } from "../store/database.ts";
import { append, takeTurn } from "../store/journal.ts";
import * as accounts from "../store/repositories/accounts.ts";
import type { Db } from "../store/repositories/rows.ts";
import { removeSessionsOf } from "../store/repositories/sessions.ts";
import * as tokens from "../store/repositories/tokens.ts";
import { checkPassword, hashPassword, newPassword } from "./password.ts";

type Root = Kysely<Database>;

/** The account that is made when there is none: an engineer for every project. */
const FIRST = "admin";

/**
 * Makes the first account where there is none, so that no installation has a password anyone else knows.
 * @returns the account and its password, to be shown once; null where there are accounts
 */
export async function ensureFirstUser(db: Root): Promise<{ account: string; password: string } | null> {
  const password = newPassword();
  const hash = await hashPassword(password);
  const made = await db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('first-user', 0))`.execute(tx);
    const any = await tx.selectFrom("account").select("id").limit(1).executeTakeFirst();
    if (any) return false;
    await append(tx, {
      kind: "account.added",
      actor: "system",
      project: null,
      payload: { account: FIRST, role: "engineer", projects: null },
    });
    await accounts.setSecret(tx, FIRST, hash);
    return true;
  });
  return made ? { account: FIRST, password } : null;
}

/**
 * Adds an account, or brings a revoked one back with another password. The password is made here and answered once.
 * @throws SensorloopError ID_INVALID, CONFLICT
 */
export async function addAccount(
  db: Root,
  { id, role, projects }: { id: string; role: Role; projects: readonly string[] | null },
  actor: string,
): Promise<{ account: Account; password: string }> {
  checkId("account", id);
  const password = newPassword();
  const hash = await hashPassword(password);
  const account = await db.transaction().execute(async (tx) => {
    await takeTurn(tx, { table: "account", key: id });
    const before = await accounts.findAccount(tx, id);
    if (before?.revokedAt === null)
      throw new SensorloopError("CONFLICT", `there is an account '${id}' already`, { facts: { account: id } });
    await append(tx, { kind: "account.added", actor, project: null, payload: { account: id, role, projects: projects && [...projects] } });
    await accounts.setSecret(tx, id, hash);
    return (await accounts.findAccount(tx, id)) as Account;
  });
  return { account, password };
}

/**
 * Ends an account, its sessions and its tokens at once. The last account that can manage accounts stays.
 * @throws SensorloopError NOT_FOUND, CONFLICT
 */
export async function revokeAccount(db: Root, id: string, actor: string): Promise<Account> {
  return db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('revoke-account', 0))`.execute(tx);
    await takeTurn(tx, { table: "account", key: id });
    const account = await accounts.findAccount(tx, id);
    if (account?.revokedAt !== null) throw new SensorloopError("NOT_FOUND", `there is no account '${id}'`, { facts: { account: id } });
    const others = (await accounts.listAccounts(tx)).filter((other) => other.id !== id && other.revokedAt === null);
    if (!others.some((other) => mayDo(actorOf(other), "account.manage"))) {
      throw new SensorloopError("CONFLICT", `'${id}' is the last account that can manage accounts; add another first`, {
        facts: { account: id },
      });
    }
    for (const token of await tokens.listTokens(tx, id)) if (token.revokedAt === null) await endToken(tx, token.id, actor);
    await append(tx, { kind: "account.revoked", actor, project: null, payload: { account: id } });
    await accounts.removeSecret(tx, id);
    await removeSessionsOf(tx, id);
    return (await accounts.findAccount(tx, id)) as Account;
  });
}

export function listAccounts(db: Db): Promise<Account[]> {
  return accounts.listAccounts(db);
}

/** The account of a right password; undefined otherwise, after the same time whether the account exists or not. */
export async function verifyPassword(db: Db, id: string, password: string): Promise<Account | undefined> {
  const found = await accounts.findSecret(db, id);
  return (await checkPassword(password, found?.hash)) ? found?.account : undefined;
}

/**
 * Adds a token. Its secret is made here and answered once; only a hash is kept.
 * @param days until it ends by itself; null: never
 * @throws SensorloopError NOT_FOUND (the account), FORBIDDEN (a project the account may not see)
 */
export async function addToken(
  db: Root,
  {
    account: owner,
    name,
    scope,
    project,
    days,
  }: { account: string; name: string; scope: TokenScope; project: string | null; days: number | null },
  actor: string,
): Promise<{ token: Token; secret: string }> {
  const id = `tok-${randomBytes(6).toString("hex")}`;
  const secret = `slt_${randomBytes(32).toString("base64url")}`;
  const expiresAt = days === null ? null : new Date(Date.now() + days * 86_400_000).toISOString();
  const token = await db.transaction().execute(async (tx) => {
    const account = await accounts.findAccount(tx, owner);
    if (account?.revokedAt !== null)
      throw new SensorloopError("NOT_FOUND", `there is no account '${owner}'`, { facts: { account: owner } });
    if (project !== null && account.projects !== null && !account.projects.includes(project)) {
      throw new SensorloopError("FORBIDDEN", `account '${owner}' may not see project '${project}'`, { facts: { account: owner, project } });
    }
    await append(tx, { kind: "token.added", actor, project, payload: { token: id, account: owner, name, scope, project, expiresAt } });
    await tokens.insertTokenSecret(tx, id, secret);
    return (await tokens.findToken(tx, id)) as Token;
  });
  return { token, secret };
}

/** @throws SensorloopError NOT_FOUND where there is no such token, or it was revoked */
export async function revokeToken(db: Root, id: string, actor: string): Promise<Token> {
  return db.transaction().execute(async (tx) => {
    await takeTurn(tx, { table: "token", key: id });
    const token = await tokens.findToken(tx, id);
    if (token?.revokedAt !== null) throw new SensorloopError("NOT_FOUND", `there is no token '${id}'`, { facts: { token: id } });
    await endToken(tx, id, actor);
    return (await tokens.findToken(tx, id)) as Token;
  });
}

/** @param account whose; those of all accounts where left out */
export function listTokens(db: Db, account?: string): Promise<Token[]> {
  return tokens.listTokens(db, account);
}

/** What an account may do, narrowed by the token it came with. */
export function actorOf(account: Account, token?: Token): Actor {
  const projects = token?.project != null ? [token.project] : account.projects;
  return { account: account.id, role: account.role, projects, scope: token?.scope ?? "all" };
}

async function endToken(tx: Transaction<Database>, id: string, actor: string): Promise<void> {
  await append(tx, { kind: "token.revoked", actor, project: null, payload: { token: id } });
  await tokens.removeTokenSecret(tx, id);
}
