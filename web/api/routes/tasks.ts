import { SensorloopError } from "../../../lib/domain/errors.ts";
import type { Handlers, Services } from "../handlers.ts";

type Names = "showAnnotation" | "listTasks" | "makeTasks" | "claimTasks" | "showTask" | "skipTask" | "adjudicateTask";

const soon = () => Promise.reject(new SensorloopError("INTERNAL", "not built yet"));

export function taskHandlers(_services: Services): Handlers<Names> {
  return {
    showAnnotation: soon,
    listTasks: soon,
    makeTasks: soon,
    claimTasks: soon,
    showTask: soon,
    skipTask: soon,
    adjudicateTask: soon,
  };
}
