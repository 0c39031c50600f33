import { sql } from "kysely";
import { isoOrNull, type Db } from "./rows.ts";

/** What stands at the stations of the loop that people and nights turn. */
export interface LoopCounts {
  /** Tasks that nobody has answered for too long. */
  readonly escalated: number;
  /** When somebody last signed a label; null: never. */
  readonly labelledAt: string | null;
  /** Nights that have ended or are under way. */
  readonly nights: number;
}

export async function countLoop(db: Db, project: string): Promise<LoopCounts> {
  const { rows } = await sql<{ escalated: number; labelled: Date | null; nights: number }>`
    select (select count(*) from task where project = ${project} and state = 'open' and escalated_at is not null)::int as escalated,
           (select max(at) from label where project = ${project} and class is not null) as labelled,
           (select count(*) from night where project = ${project} and state <> 'asked')::int as nights`.execute(db);
  const { labelled, ...counts } = rows[0]!;
  return { ...counts, labelledAt: isoOrNull(labelled) };
}
