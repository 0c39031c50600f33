import { Command, Option } from "commander";
import { approveRun, cancelRun, listRunLogs, listRuns, showRun, startRun, waitForRun } from "../../lib/app/runs.ts";
import type { RunDetail, RunSummary, StartRun } from "../../lib/domain/api/runs.ts";
import { RUN_STATES, type RunState } from "../../lib/domain/stages.ts";
import { gather, gatherSettings, jsonOption, pageOptions, wholeNumber, type ListOptions } from "../arguments.ts";
import { projectSpec } from "../examples.ts";
import { takeInAll } from "../intake.ts";
import { runProgress } from "../progress.ts";
import { verb, type Answer } from "../session.ts";
import { percent, sheet, table } from "../table.ts";

interface StartOptions {
  readonly data?: string[];
  readonly set?: StartRun["set"];
  readonly seed?: number;
  readonly id?: string;
  readonly wait?: boolean;
}

export function runCommand(): Command {
  const run = new Command("run").description("executions of a project's pipeline");
  jsonOption(
    run
      .command("start")
      .description("take data in and run the pipeline on it; an example is applied where the project is not known yet")
      .argument("<project>")
      .option(
        "--data <path>",
        "learn from this (file, folder, https:// or s3:// address) and nothing else; may be repeated. Without: from all that was added",
        gather,
      )
      .option("--set <path=value>", "change the spec for this run alone, e.g. windows.seconds=5; may be repeated", gatherSettings)
      .addOption(new Option("--seed <n>", "seed of everything that is drawn").argParser(wholeNumber(0, 2 ** 31 - 1)))
      .option("--id <id>", "the run's id; asking for the same twice starts one run")
      .option("--wait", "follow it to its end; exit code 1 where it fails"),
  ).action(
    verb(async (session, project: string, { data, set, seed, id, wait }: StartOptions) => {
      const platform = session.platform();
      const spec = await projectSpec(session, project);
      const uploads = data && [...new Set((await takeInAll(session, project, spec, data)).map((upload) => upload.id))];
      const started = await startRun(platform, project, { id, uploads, seed, set: set ?? {} }, session.actor);
      return wait
        ? follow(started.run)
        : { value: started, text: `run ${started.run} is ${started.state}; sensorloop run show ${started.run}` };

      async function follow(runId: string): Promise<Answer> {
        return answerOf(await waitForRun(platform, runId, { signal: session.signal, onChange: runProgress(session.note) }));
      }
    }),
  );
  jsonOption(run.command("wait").description("follow a run to its end").argument("<run>")).action(
    verb(async (session, id: string) =>
      answerOf(await waitForRun(session.platform(), id, { signal: session.signal, onChange: runProgress(session.note) })),
    ),
  );
  pageOptions(
    jsonOption(run.command("list").description("runs, newest first"))
      .option("--project <project>", "only of this project")
      .addOption(new Option("--state <state>", "only in this state").choices([...RUN_STATES])),
  ).action(
    verb(async (session, options: ListOptions & { project?: string; state?: RunState }) => {
      const page = await listRuns(session.platform(), { ...options, visible: null });
      return {
        value: page,
        text: table(
          page.items.map(rowOf),
          ["run", "project", "state", "stage", "accuracy", "macroF1", "promoted", "requestedAt"],
          "no run yet: sensorloop run start PROJECT",
        ),
      };
    }),
  );
  jsonOption(run.command("show").description("a run with its stages").argument("<run>")).action(
    verb(async (session, id: string) => {
      const detail = await showRun(session.platform(), id);
      return { value: detail, text: textOf(detail) };
    }),
  );
  pageOptions(jsonOption(run.command("logs").description("log lines of a run, oldest first").argument("<run>"))).action(
    verb(async (session, id: string, options: ListOptions) => {
      const page = await listRunLogs(session.platform(), id, options);
      return { value: page, text: table(page.items, ["at", "level", "stage", "message"], "nothing was logged yet") };
    }),
  );
  jsonOption(
    run
      .command("again")
      .description("do a run once more with its spec, seed and data; what is the same is reused")
      .argument("<run>")
      .option("--wait", "follow it to its end; exit code 1 where it fails"),
  ).action(
    verb(async (session, id: string, { wait }: { wait?: boolean }) => {
      const platform = session.platform();
      const { project } = await showRun(platform, id);
      const started = await startRun(platform, project, { again: id }, session.actor);
      if (!wait) return { value: started, text: `run ${started.run} does ${id} again; sensorloop run show ${started.run}` };
      return answerOf(await waitForRun(platform, started.run, { signal: session.signal, onChange: runProgress(session.note) }));
    }),
  );
  jsonOption(run.command("cancel").description("stop a run").argument("<run>").option("--why <text>", "for the journal", "")).action(
    verb(async (session, id: string, { why }: { why: string }) => {
      const detail = await cancelRun(session.platform(), id, why, session.actor);
      return { value: detail, text: detail.state === "cancelled" ? `run ${id} is cancelled` : `run ${id} was asked to stop` };
    }),
  );
  for (const [name, approve] of [
    ["approve", true],
    ["reject", false],
  ] as const) {
    const description = approve
      ? "promote the candidate of a run that waits for a person"
      : "keep the champion instead of the candidate of a waiting run";
    jsonOption(run.command(name).description(description).argument("<run>").option("--why <text>", "for the journal", "")).action(
      verb(async (session, id: string, { why }: { why: string }) => {
        const detail = await approveRun(session.platform(), id, { approve, why }, session.actor);
        return { value: detail, text: `run ${id}: the candidate is ${approve ? "approved" : "rejected"}` };
      }),
    );
  }
  return run;
}

/** The end of a run, as `--wait` prints it. */
export function answerOf(run: RunDetail): Answer {
  return { value: run, text: textOf(run), failed: run.state !== "done" };
}

function rowOf({ run, project, state, stage, accuracy, macroF1, decision, requestedAt }: RunSummary) {
  return {
    run,
    project,
    state,
    stage,
    accuracy: percent(accuracy?.value),
    macroF1: percent(macroF1?.value),
    promoted: decision && (decision.promoted ? "yes" : "no"),
    requestedAt,
  };
}

function textOf(run: RunDetail): string {
  const { state, project, specVersion, seed, snapshot, candidate, champion, decision, error, temporalUrl } = run;
  const head = sheet({
    run: run.run,
    project,
    state,
    specVersion,
    seed,
    snapshot,
    candidate,
    champion,
    accuracy: percent(run.accuracy?.value),
    macroF1: percent(run.macroF1?.value),
    decision: decision && `${decision.promoted ? "promoted" : "not promoted"}: ${decision.reason}`,
    error: error && `${error.code}: ${error.message} ${error.remedy}`,
    temporal: temporalUrl,
  });
  const stages = table(
    run.stages,
    ["name", "state", "seconds", "rowsIn", "rowsOut", "rowsQuarantined", "rowsDuplicate", "reason"],
    "no stage has begun",
  );
  const classes = run.metrics
    ? `\n\n${table(
        run.metrics.perClass.map(({ label, support, precision, recall, f1 }) => ({
          class: label,
          support,
          precision: percent(precision),
          recall: percent(recall),
          f1: percent(f1),
        })),
        ["class", "support", "precision", "recall", "f1"],
        "",
      )}`
    : "";
  return `${head}\n\n${stages}${classes}`;
}
