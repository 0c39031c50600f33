import type { SynthesisDecision, SynthesisReport } from "../../domain/synthesis/report.ts";
import type { Db } from "./rows.ts";

export interface StoredSynthesis {
  readonly id: string;
  readonly snapshot: string;
  readonly createdAt: Date;
  readonly report: SynthesisReport;
  readonly decision: SynthesisDecision;
}

/** The newest synthesis of a project, or the newest of one of its snapshots. */
export async function findSynthesis(db: Db, project: string, snapshot?: string): Promise<StoredSynthesis | undefined> {
  let query = db.selectFrom("synthesis").selectAll().where("project", "=", project);
  if (snapshot !== undefined) query = query.where("snapshot", "=", snapshot);
  const row = await query.orderBy("created_at", "desc").orderBy("id").limit(1).executeTakeFirst();
  if (!row) return undefined;
  const { id, created_at: createdAt, report, decision } = row;
  return {
    ...{ id, snapshot: row.snapshot, createdAt },
    // Written by the stage `synthesise` of this or an earlier version, whose reports have only gained fields.
    report: report as unknown as SynthesisReport,
    decision: decision as unknown as SynthesisDecision,
  };
}
