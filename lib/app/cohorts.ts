import type { Cohorts } from "../domain/api/data.ts";
import type { Platform } from "../platform.ts";
import { cohortMembers, findClustering, newestClusterStage } from "../store/repositories/cohorts.ts";
import { profilesOf } from "../store/repositories/profiles.ts";
import { needProject } from "./projects.ts";

const MEMBERS_LISTED = 2_000;

/** Who was clustered with whom, by the newest run that looked; where everybody is one cohort, why. */
export async function showCohorts({ db }: Platform, project: string): Promise<Cohorts> {
  await needProject(db, project);
  const newest = await newestClusterStage(db, project);
  const clustering = newest?.clustering ? await findClustering(db, project, newest.clustering) : undefined;
  if (!clustering) {
    const none = { clustering: null, snapshot: null, by: null, silhouette: null, cohorts: [], members: [] };
    return { ...none, createdAt: newest?.at.toISOString() ?? null, reason: newest?.reason ?? null };
  }
  const { id, snapshot, report, createdAt } = clustering;
  const [members, profiles] = await Promise.all([cohortMembers(db, id, MEMBERS_LISTED), profilesOf(db, project)]);
  return {
    clustering: id,
    snapshot,
    createdAt: createdAt.toISOString(),
    by: report.by,
    silhouette: report.silhouette,
    reason: null,
    cohorts: report.cohorts,
    members: members.map(({ subject, cohort }) => {
      const { side = null, place = null } = report.people[subject] ?? {};
      return { subject, cohort, side, place, profile: profiles.get(subject) ?? null };
    }),
  };
}
