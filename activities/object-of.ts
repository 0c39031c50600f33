import type { Kysely } from "kysely";
import { SensorloopError } from "../lib/domain/errors.ts";
import type { ObjectRef } from "../lib/domain/object-ref.ts";
import type { Database } from "../lib/store/database.ts";

/** The reference behind a key. @throws SensorloopError OBJECT_MISSING when no row makes it exist */
export async function refOf(db: Kysely<Database>, key: string): Promise<ObjectRef> {
  const row = await db.selectFrom("object").select(["key", "sha256", "bytes"]).where("key", "=", key).executeTakeFirst();
  if (!row) throw new SensorloopError("OBJECT_MISSING", `no row names object '${key}'`);
  return row;
}
