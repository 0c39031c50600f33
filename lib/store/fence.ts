import { sql, type Kysely, type Transaction } from "kysely";
import { SensorloopError } from "../domain/errors.ts";
import type { Database } from "./database.ts";

/**
 * An activity that timed out is not stopped: its old attempt may still be running beside the new one. Each attempt
 * raises the fence of its scope; a publish must hold the newest token, so a late attempt can change nothing (F03).
 */
export interface Fence {
  readonly scope: string;
  readonly token: number;
}

/** @throws SensorloopError STALE_ATTEMPT when a newer attempt was here first */
export async function raise(db: Kysely<Database>, fence: Fence): Promise<void> {
  const raised = await db
    .insertInto("fence")
    .values(fence)
    .onConflict((conflict) => conflict.column("scope").doUpdateSet({ token: fence.token }).where("fence.token", "<=", fence.token))
    .returning("token")
    .executeTakeFirst();
  if (!raised) throw stale(fence);
}

/** Holds the fence until the transaction ends. @throws SensorloopError STALE_ATTEMPT */
export async function hold(tx: Transaction<Database>, fence: Fence): Promise<void> {
  const held = await sql<{ token: number }>`select token from fence where scope = ${fence.scope} for update`.execute(tx);
  if (held.rows[0]?.token !== fence.token) throw stale(fence);
}

function stale(fence: Fence): SensorloopError {
  return new SensorloopError("STALE_ATTEMPT", `a newer attempt has taken over '${fence.scope}'`, { facts: { ...fence } });
}
