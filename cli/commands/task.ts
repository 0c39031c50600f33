import { Command, Option } from "commander";
import { listTasks, makeTasks, showTask } from "../../lib/app/tasks.ts";
import { TASK_REASONS, TASK_STATES, type Task, type TaskReason, type TaskState } from "../../lib/domain/api/tasks.ts";
import { jsonOption, pageOptions, wholeNumber, type ListOptions } from "../arguments.ts";
import { verb } from "../session.ts";
import { percent, sheet, table } from "../table.ts";

const SPLITS = ["validation", "holdout", "unlabelled"] as const;

interface MakeOptions {
  readonly model: string;
  readonly split: (typeof SPLITS)[number];
  readonly actual?: string;
  readonly predicted?: string;
  readonly limit: number;
}

export function taskCommand(): Command {
  const task = new Command("task").description("what annotators are asked");
  pageOptions(
    jsonOption(task.command("list").description("tasks, newest first").argument("<project>"))
      .addOption(new Option("--state <state>", "only in this state").choices([...TASK_STATES]))
      .addOption(new Option("--reason <reason>", "only those asked for this reason").choices([...TASK_REASONS])),
  ).action(
    verb(async (session, project: string, options: ListOptions & { state?: TaskState; reason?: TaskReason }) => {
      const page = await listTasks(session.platform(), project, options);
      const columns = ["id", "state", "reason", "predicted", "confidence", "outcome", "answers", "recording", "from", "to"] as const;
      return {
        value: page,
        text: table(page.items.map(rowOf), columns, "no such task; a promotion makes some where the spec has `annotation`"),
      };
    }),
  );
  jsonOption(
    task.command("show").description("a task with its answers, once it has been answered").argument("<project>").argument("<task>"),
  ).action(
    verb(async (session, project: string, id: string) => {
      const detail = await showTask(session.platform(), project, id, { account: session.actor, role: "engineer" });
      const answers = table(
        detail.answers,
        ["by", "class", "authority", "from", "to", "seconds", "at"],
        "nothing to show before it is answered",
      );
      const leases = table(detail.leases, ["account", "until"], "in nobody's hands");
      return { value: detail, text: [sheet({ ...detail.task, ...rowOf(detail.task) }), answers, leases].join("\n\n") };
    }),
  );
  jsonOption(
    task
      .command("make")
      .description("ask about predictions of a model, for example of a cell of its confusion matrix")
      .argument("<project>")
      .requiredOption("--model <model>", "whose predictions")
      .addOption(new Option("--split <side>", "of which people").choices([...SPLITS]).default("holdout"))
      .option("--actual <class>", "only windows that are labelled so")
      .option("--predicted <class>", "only windows that the model took for this")
      .addOption(new Option("--limit <n>", "how many at most").argParser(wholeNumber(1, 1_000)).default(100)),
  ).action(
    verb(async (session, project: string, { model, split, actual, predicted, limit }: MakeOptions) => {
      const made = await makeTasks(session.platform(), project, { model, split, actual, predicted, limit }, session.actor);
      return { value: made, text: `${made.made} tasks are in the queue${made.known > 0 ? `; ${made.known} more were asked already` : ""}` };
    }),
  );
  return task;
}

function rowOf(task: Task) {
  return { ...task, confidence: percent(task.confidence), answers: `${task.answers} of ${task.wanted}` };
}
