import { join } from "node:path";
import { once } from "node:events";
import { Command } from "commander";
import { DEMO_PROJECT, runDemo } from "../../lib/app/demo.ts";
import { loadPlaces } from "../../lib/config.ts";
import type { RunDetail } from "../../lib/domain/api/runs.ts";
import { SensorloopError } from "../../lib/domain/errors.ts";
import { examine, type Finding } from "../../stack/doctor.ts";
import { bringDown } from "../../stack/down.ts";
import { setUp } from "../../stack/set-up.ts";
import { statusOf, type StackStatus } from "../../stack/status.ts";
import { supervisorOf } from "../../stack/supervisor-lock.ts";
import { bringUp, type RunningStack } from "../../stack/up.ts";
import { jsonOption } from "../arguments.ts";
import { simulatorOf } from "../examples.ts";
import { runProgress } from "../progress.ts";
import { verb, type Answer, type Session } from "../session.ts";
import { presentSteps } from "../steps.ts";
import { table } from "../table.ts";
import { answerOf } from "./run.ts";

interface UpOptions {
  readonly demo?: boolean;
  readonly once?: boolean;
}

/** The worker may take 14 s for what is in hand, the services 10 s after it. */
const LINGER_MS = 30_000;

/** Bringing the platform itself up and down on one machine; what is done with it is beside it, in `nouns.ts`. */
export function stackCommands(): Command[] {
  return [upCommand(), downCommand(), statusCommand(), doctorCommand(), setupCommand()];
}

function upCommand(): Command {
  return jsonOption(new Command("up"))
    .description("bring up everything on this machine: Postgres, an object store, Temporal, a worker and the web app; Ctrl-C stops it")
    .option("--demo", "run the demo project, unless it has been")
    .option("--once", "run the demo project, print its run as JSON, stop everything and exit: 0 when the loop has closed")
    .action(
      verb(async (session, { demo = false, once: onlyOnce = false }: UpOptions) => {
        const places = loadPlaces();
        if (await supervisorOf(places.dataDir)) return alreadyRunning(session, onlyOnce);
        const signal = untilStopped();
        let signIn: readonly string[] = [];
        const stack = await bringUp({
          places,
          present: presentSteps,
          signal,
          onChange: ({ state, message }) => state !== "ready" && session.note(message),
          onFirstUser: ({ account, password }) => (signIn = [`First account: ${account}`, `Password (shown this once): ${password}`]),
        }).catch((error: unknown) => {
          signIn.forEach(session.note);
          throw error;
        });
        try {
          welcome(session, stack, signIn);
          if (onlyOnce) return runAsJson(await demoRun(session, signal, stack));
          if (demo && !stack.file.state.demo)
            await demoRun(session, signal, stack).catch((error: unknown) => sayWhy(session, signal, error));
          session.note("Ctrl-C stops everything");
          if (!signal.aborted) await once(signal, "abort");
          return { value: { stopped: true }, text: "stopped" };
        } finally {
          await stack.stop();
        }
      }),
    );
}

/**
 * Aborted by Ctrl-C and by SIGTERM; the second time they end the process at once, and the warden stops what is left. The
 * listeners stay: the live list has one that ends the process when it finds itself the only one.
 */
function untilStopped(): AbortSignal {
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(1);
    // A download or build that is under way would keep the process for as long as it takes; its remains are removed by
    // the next one.
    setTimeout(() => process.exit(1), LINGER_MS).unref();
    stop.abort(new SensorloopError("CANCELLED", "asked to stop"));
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  return stop.signal;
}

async function alreadyRunning(session: Session, onlyOnce: boolean): Promise<Answer> {
  const status = await statusOf(loadPlaces());
  session.note(
    `already running (pid ${status.supervisor}) at ${status.url ?? "an address that is not chosen yet"}; to stop it: sensorloop down`,
  );
  return onlyOnce ? runAsJson(await demoRun(session, session.signal)) : { value: status, text: statusText(status) };
}

async function demoRun(session: Session, signal: AbortSignal, stack?: RunningStack): Promise<RunDetail> {
  session.note("the demo project goes through its pipeline");
  const specPath = join(import.meta.dirname, "..", "..", "examples", DEMO_PROJECT, "spec.yaml");
  const run = await runDemo(session.platform(), {
    specPath,
    simulate: await simulatorOf(DEMO_PROJECT),
    signal,
    onChange: runProgress(session.note),
  });
  session.note(answerOf(run).text);
  if (run.state === "done") await stack?.file.update({ demo: { run: run.run } });
  return run;
}

function runAsJson(run: RunDetail): Answer {
  const { value, failed } = answerOf(run);
  return { value, text: JSON.stringify(value), failed };
}

function welcome(session: Session, { config, file }: RunningStack, signIn: readonly string[]): void {
  const lines = [`Sensorloop: ${config.web.publicUrl}`, ...signIn];
  if (config.temporal.uiUrl) lines.push(`Temporal: ${config.temporal.uiUrl}`);
  if (file.state.tensorflow?.backend === "wasm")
    lines.push(`TensorFlow runs on WebAssembly, which is slower: ${file.state.tensorflow.reason}. To try again: sensorloop setup`);
  session.note(`\n${lines.map((line) => `  ${line}`).join("\n")}\n`);
}

/** The stack stays up: what went wrong can be looked at there. */
function sayWhy(session: Session, signal: AbortSignal, error: unknown): void {
  if (!signal.aborted) session.note(`the demo did not come to its end: ${error instanceof Error ? error.message : String(error)}`);
}

function downCommand(): Command {
  return jsonOption(new Command("down").description("stop what `up` started, wherever it runs")).action(
    verb(async () => {
      const { supervisor, reaped } = await bringDown(loadPlaces().dataDir);
      const text =
        supervisor !== null
          ? "stopped"
          : reaped.length > 0
            ? `ended what an earlier start left running: ${reaped.join(", ")}`
            : "nothing was running";
      return { value: { stopped: supervisor !== null, reaped }, text };
    }),
  );
}

function statusCommand(): Command {
  return jsonOption(
    new Command("status").description("what runs, where, and whether it answers; exit code 1 when something does not"),
  ).action(
    verb(async () => {
      const status = await statusOf(loadPlaces());
      const failed = status.services.length === 0 || status.services.some((service) => !service.answers);
      return { value: status, text: statusText(status), failed };
    }),
  );
}

function statusText(status: StackStatus): string {
  const rows = status.services.map(({ name, kind, answers, pid, restarts, address, version }) => ({
    name,
    answers: answers ? "yes" : "no",
    kind,
    address,
    pid,
    restarts,
    version,
  }));
  const where =
    status.supervisor === null
      ? `not running; data in ${status.dataDir}`
      : `running (pid ${status.supervisor}) at ${status.url}; data and logs in ${status.dataDir}`;
  return `${where}\n${table(rows, ["name", "answers", "kind", "address", "pid", "restarts", "version"], "nothing was started here yet: npm start")}`;
}

function doctorCommand(): Command {
  return jsonOption(
    new Command("doctor").description(
      "use each part once and say how it does: versions, disk, TensorFlow, Postgres, object store, Temporal",
    ),
  ).action(
    verb(async () => {
      const findings = await examine(loadPlaces());
      return {
        value: { findings },
        text: findings.map(findingLine).join("\n"),
        failed: findings.some((found) => found.state === "failed"),
      };
    }),
  );
}

const MARKS = { ok: "ok     ", warning: "WARNING", failed: "FAILED " } as const;

function findingLine({ name, state, detail }: Finding): string {
  return `${MARKS[state]}  ${name.padEnd(14)} ${detail}`;
}

function setupCommand(): Command {
  return jsonOption(
    new Command("setup").description("fetch or build what `up` needs, without starting it, and try again for native TensorFlow"),
  ).action(
    verb(async () => {
      const result = await setUp({ places: loadPlaces(), present: presentSteps });
      const text = Object.entries(result).map(([name, detail]) => `${name.padEnd(12)} ${detail}`);
      return { value: result, text: text.join("\n") };
    }),
  );
}
