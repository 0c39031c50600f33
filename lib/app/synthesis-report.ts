import type { Synthesis } from "../domain/api/data.ts";
import type { SynthesisReport } from "../domain/synthesis/report.ts";
import type { Platform } from "../platform.ts";
import { findSynthesis } from "../store/repositories/syntheses.ts";
import { needProject } from "./projects.ts";

const CHECKS_LISTED = 500;
const NOTES_LISTED = 50;

/** What the newest synthesis of a project came to; null where there was none. */
export async function showSynthesis({ db }: Platform, project: string): Promise<{ synthesis: Synthesis | null }> {
  await needProject(db, project);
  const found = await findSynthesis(db, project);
  if (!found) return { synthesis: null };
  const { id, snapshot, createdAt, report, decision } = found;
  const { people, rows, windows, fidelity, privacy, transfer } = report;
  const checks = fidelity.checks.toSorted((one, other) => Number(one.pass) - Number(other.pass)).slice(0, CHECKS_LISTED);
  return {
    synthesis: {
      ...{ id, snapshot, rows, windows, createdAt: createdAt.toISOString(), people: people.length },
      fidelity: { ...fidelity, checks },
      privacy: privacy && { ...privacy, copies: [...privacy.copies] },
      transfer,
      notes: notesOf(report).slice(0, NOTES_LISTED),
      decision: { joins: decision.joins, reason: decision.reason },
    },
  };
}

function notesOf({ leftOut, mended, shortened }: SynthesisReport): string[] {
  const where = (entry: { readonly class: string; readonly cohort: string }) => `'${entry.class}' of cohort '${entry.cohort}'`;
  return [
    ...leftOut.map((entry) => `${where(entry)}: ${entry.reason}.`),
    ...mended.map((entry) => `The correlations of ${entry.of} of ${where(entry)} could not be as they were stated, and were mended.`),
    ...shortened.map((entry) => `The autocorrelation of ${where(entry)} was kept up to lag ${entry.lags}.`),
  ];
}
