import { annotatedSpec } from "../lib/app/answers.ts";
import { askNight } from "../lib/app/nights.ts";
import { notify } from "../lib/app/notify.ts";
import { needSpec } from "../lib/app/projects.ts";
import { tendQueue as tend, type Tended } from "../lib/app/queue-care.ts";
import { SensorloopError } from "../lib/domain/errors.ts";
import type { AnnotationSpec } from "../lib/domain/spec-annotation.ts";
import type { Platform } from "../lib/platform.ts";
import { sha256Of } from "../lib/store/hashes.ts";
import { countNewLabels, lastTraining } from "../lib/store/repositories/label-progress.ts";
import { findNight, findOpenRun, findRunningNight } from "../lib/store/repositories/nights.ts";
import { clock, countForgotten, markReminded, queueState, type QueueState } from "../lib/store/repositories/task-care.ts";

interface InProject {
  readonly project: string;
}

export function createAnnotationActivities(platform: Platform) {
  const { db } = platform;

  /** Leases that have run out, tasks that have waited too long, answers that nobody decides between. */
  async function tendQueue({ project }: InProject): Promise<Tended> {
    const patience = await patienceOf(project);
    return patience ? tend(platform, project, patience) : { since: await clock(db), returned: 0, settled: 0, escalated: 0 };
  }

  /**
   * Tells people what waits for them: what was just brought to the front, and what nobody was reminded of for long.
   * @param since when the queue was looked at: the same again is the same message
   */
  async function remindPeople({ project, escalated, since }: InProject & { escalated: number; since: string }): Promise<void> {
    const patience = await patienceOf(project);
    if (!patience) return;
    const forgotten = await countForgotten(db, project, patience);
    if (forgotten === 0 && escalated === 0) return;
    const { open, adjudicate } = await queueState(db, project, patience, await clock(db));
    const urgent = escalated > 0 ? `${escalated} have waited for more than ${patience.escalateHours} hours. ` : "";
    const title = `${project}: ${open + adjudicate} tasks wait`;
    const text = `${urgent}${open} wait for an answer, ${adjudicate} for someone who decides.`;
    const notice = { title, text, facts: { open, adjudicate, escalated } };
    const delivery = `reminder-${sha256Of({ project, since }).slice(0, 16)}`;
    const failed = await notify(platform, project, "tasks-waiting", notice, { delivery });
    for (const failure of failed) platform.log.warn({ project }, `a reminder could not be delivered: ${failure}`);
    await markReminded(db, project);
  }

  /** Asks for a night once as many labels are new as the spec wants, and again after as many more, until one has learned from them. */
  async function askForRetraining({ project }: InProject): Promise<{ asked: boolean }> {
    const { atLabels } = (await needSpec(db, project)).retrain;
    const labels = atLabels === null ? 0 : await countNewLabels(db, project);
    if (atLabels === null || labels < atLabels) return { asked: false };
    const since = (await lastTraining(db, project))?.run ?? null;
    const id = await labelsNight({ project, since, times: Math.floor(labels / atLabels) });
    if (id === null) return { asked: false };
    const why = `${labels} labels are new, and ${atLabels} are worth a training`;
    await askNight(platform, project, { cause: "labels", why, id }, `annotation/${project}`);
    return { asked: true };
  }

  /**
   * The same night however often it is asked for: named by what it is for. One that was skipped beside another training has
   * a successor, named by that too, as soon as nothing is under way that may learn from the labels; null until then.
   */
  async function labelsNight(goal: InProject & { since: string | null; times: number }): Promise<string | null> {
    const { project } = goal;
    for (const beside: string[] = []; ;) {
      const id = `labels-${sha256Of({ ...goal, beside }).slice(0, 16)}`;
      const night = await findNight(db, id);
      if (night?.state !== "skipped" || night.detail.beside === undefined) return id;
      if ((await findRunningNight(db, project)) ?? (await findOpenRun(db, project))) return null;
      beside.push(night.detail.beside);
    }
  }

  /** What waits, and when to look again: when something is due that was not yet when the queue was tended last. */
  async function lookAtQueue({ project, since }: InProject & { since: string }): Promise<QueueState> {
    const patience = await patienceOf(project);
    return patience ? queueState(db, project, patience, since) : { open: 0, adjudicate: 0, leased: 0, nextMs: null };
  }

  /** Null where the spec asks nobody any more: then nothing is to be looked after. */
  async function patienceOf(project: string): Promise<AnnotationSpec | null> {
    try {
      return (await annotatedSpec(db, project)).annotation;
    } catch (error) {
      if (error instanceof SensorloopError && error.code === "ANNOTATION_OFF") return null;
      throw error;
    }
  }

  return { tendQueue, remindPeople, askForRetraining, lookAtQueue };
}
