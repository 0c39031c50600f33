import { adjudicate } from "../../../lib/app/answers.ts";
import * as tasks from "../../../lib/app/tasks.ts";
import type { Handlers, Services } from "../handlers.ts";

type Names = "showAnnotation" | "listTasks" | "makeTasks" | "claimTasks" | "showTask" | "skipTask" | "adjudicateTask";

export function taskHandlers({ platform }: Services): Handlers<Names> {
  return {
    showAnnotation: ({ params, actor }) => tasks.showAnnotation(platform, params.project, actor),
    listTasks: ({ params, query }) => tasks.listTasks(platform, params.project, query),
    makeTasks: ({ params, body, actor }) => tasks.makeTasks(platform, params.project, body, actor.account),
    claimTasks: async ({ params, body, actor }) => ({ items: await tasks.claimTasks(platform, params.project, body, actor) }),
    showTask: ({ params, actor }) => tasks.showTask(platform, params.project, params.task, actor),
    skipTask: async ({ params, body, actor }) => {
      await tasks.skipTask(platform, params.project, params.task, body.why, actor);
      return { done: true };
    },
    adjudicateTask: ({ params, body, actor }) => adjudicate(platform, params.project, params.task, body, actor),
  };
}
