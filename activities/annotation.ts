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

  /** Tells people what waits for them: what was just brought to the front, and what nobody was reminded of for long. */
  async function remindPeople({ project, escalated }: InProject & { escalated: number }): Promise<void> {
    const patience = await patienceOf(project);
    if (!patience) return;
    const forgotten = await countForgotten(db, project, patience);
    if (forgotten === 0 && escalated === 0) return;
    const { open, adjudicate } = await queueState(db, project, patience, await clock(db));
    const urgent = escalated > 0 ? `${escalated} have waited for more than ${patience.escalateHours} hours. ` : "";
    const title = `${project}: ${open + adjudicate} tasks wait`;
    const text = `${urgent}${open} wait for an answer, ${adjudicate} for someone who decides.`;
    const failed = await notify(platform, project, "tasks-waiting", { title, text, facts: { open, adjudicate, escalated } });
    for (const failure of failed) platform.log.warn({ project }, `a reminder could not be delivered: ${failure}`);
    await markReminded(db, project);
  }

  /** Asks for a night once as many labels are new as the spec wants, and again after as many more, until one has learned from them. */
  async function askForRetraining({ project }: InProject): Promise<{ asked: boolean }> {
    const { atLabels } = (await needSpec(db, project)).retrain;
    const labels = atLabels === null ? 0 : await countNewLabels(db, project);
    if (atLabels === null || labels < atLabels) return { asked: false };
    const since = (await lastTraining(db, project))?.run ?? null;
    // The same night however often it is asked for: by what it is for.
    const id = `labels-${sha256Of({ project, since, times: Math.floor(labels / atLabels) }).slice(0, 16)}`;
    const why = `${labels} labels are new, and ${atLabels} are worth a training`;
    await askNight(platform, project, { cause: "labels", why, id }, `annotation/${project}`);
    return { asked: true };
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
