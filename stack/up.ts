import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Connection } from "@temporalio/client";
import { ensureFirstUser } from "../lib/app/accounts.ts";
import { loadConfig, type Config, type Places } from "../lib/config.ts";
import { SensorloopError } from "../lib/domain/errors.ts";
import { openDatabase } from "../lib/store/database.ts";
import { migrate } from "../lib/store/migrate.ts";
import { ObjectStore } from "../lib/store/objects.ts";
import { apiPlan, workerPlan } from "./own-processes.ts";
import { reap } from "./pid-file.ts";
import { choosePort } from "./ports.ts";
import type { Report } from "./service.ts";
import { startObjectServer, startPostgres, startTemporal, type StartContext } from "./start-services.ts";
import { openState, type StateFile } from "./state.ts";
import { supervise, type Supervised, type SuperviseOptions } from "./supervise.ts";
import { lockDataDir } from "./supervisor-lock.ts";
import { setUpTensorflow } from "./tensorflow/setup.ts";
import { buildUi } from "./ui.ts";
import { postWarden } from "./warden.ts";

/** A part of coming up that a person watches; what it resolves to is said beside its title. */
export interface Step {
  readonly title: string;
  readonly work: (report: Report) => Promise<string>;
}

export interface UpOptions {
  readonly places: Places;
  /** Runs the steps of one phase side by side and shows how they do; phases come one after another. */
  readonly present: (steps: readonly Step[]) => Promise<void>;
  readonly onChange: NonNullable<SuperviseOptions["onChange"]>;
  /** Told the first account in the one start that makes it: nobody can be told it again, whatever fails afterwards. */
  readonly onFirstUser: (user: { readonly account: string; readonly password: string }) => void;
  /** Ends the attempt, and everything that was started in it. */
  readonly signal: AbortSignal;
}

export interface RunningStack {
  readonly config: Config;
  readonly file: StateFile;
  /** Ends everything in the order in which it depends on each other; may be called again. */
  stop(): Promise<void>;
}

/** The port people try first. */
const WEB_PORT = 8080;

/**
 * Brings up everything there is on one machine: what was configured is left alone, the rest is obtained, started and
 * supervised. When a step fails, what was started before it is ended again.
 * @throws SensorloopError CONFLICT when another supervisor has the data folder
 */
export async function bringUp({ places, present: presentSteps, onChange, onFirstUser, signal }: UpOptions): Promise<RunningStack> {
  const { dataDir, configured } = places;
  const file = await openState(dataDir);
  const unlock = await lockDataDir(dataDir);
  if (!unlock) throw new SensorloopError("CONFLICT", `the stack in ${dataDir} is already running`);

  const running: Supervised[] = [];
  const connections: Connection[] = [];
  let stopped: Promise<void> | undefined;
  const end = async () => {
    // The web app before what it asks, the worker before Temporal, Postgres last.
    const last = ["postgres", "objects", "temporal"];
    await Promise.all(running.filter(({ name }) => !last.includes(name)).map((service) => service.stop()));
    await Promise.all(connections.map((connection) => connection.close().catch(() => undefined)));
    await Promise.all(running.filter(({ name }) => last.includes(name)).map((service) => service.stop()));
    await unlock();
  };
  const stop = () => (stopped ??= end());
  /** What became ready after everything was stopped is stopped, too. */
  const keep = async (starting: Promise<Supervised>) => {
    const service = await starting;
    running.push(service);
    if (stopped) await service.stop();
  };
  const aborted = new Promise<never>((_, reject) => {
    const refuse = () => reject(signal.reason as Error);
    if (signal.aborted) refuse();
    else signal.addEventListener("abort", refuse, { once: true });
  });
  aborted.catch(() => undefined);
  const present = (steps: readonly Step[]) => Promise.race([presentSteps(steps), aborted]);

  try {
    const left = await reap(join(dataDir, "run"));
    if (left.length > 0)
      onChange({ name: "stack", state: "stopped", message: `ended what an earlier start left running: ${left.join(", ")}` });
    postWarden(join(dataDir, "run"));

    const context = (report: Report): StartContext => ({
      file,
      cacheDir: places.cacheDir,
      postgresBin: places.postgresBin,
      report,
      onChange,
    });
    const service = (title: string, name: string, isConfigured: boolean, start: (context: StartContext) => Promise<Supervised>): Step => ({
      title,
      async work(report) {
        if (isConfigured) return "as configured";
        await keep(start(context(report)));
        const { version, origin } = file.state.services[name] ?? {};
        return `${version} (${origin})`;
      },
    });
    await present([
      service("Postgres", "postgres", configured.database, startPostgres),
      service("Object store", "objects", configured.s3, startObjectServer),
      service("Temporal", "temporal", configured.temporal, startTemporal),
      { title: "TensorFlow", work: (report) => chooseTensorflow(file, places.cacheDir, report) },
      { title: "Pages", work: (report) => preparePages(file, places, report) },
    ]);

    const port = file.state.settings["SENSORLOOP_WEB_PORT"];
    await file.update({ settings: { SENSORLOOP_WEB_PORT: String(await choosePort(port === undefined ? WEB_PORT : Number(port))) } });
    const config = loadConfig({ dataDir });
    await mkdir(config.scratchDir, { recursive: true, mode: 0o700 });
    await present([
      {
        title: "Database and bucket",
        async work() {
          const applied = await migrate(config.database.url);
          await using objects = new ObjectStore({ ...config.s3, scratchDir: config.scratchDir });
          await objects.prepare();
          const db = openDatabase(config.database.url, { connections: 1 });
          const firstUser = await ensureFirstUser(db).finally(() => db.destroy());
          if (firstUser) onFirstUser(firstUser);
          return applied.length > 0 ? `${applied.length} migrations` : "up to date";
        },
      },
    ]);

    const connect = async () => (connections[0] ??= await Connection.connect(config.temporal));
    const how = { folder: dataDir, onChange, signal };
    const process = (title: string, plan: ReturnType<typeof apiPlan>): Step => ({
      title,
      async work() {
        await keep(supervise(plan, how));
        return "ready";
      },
    });
    await present([process("Worker", workerPlan(config, connect)), process("Web", apiPlan(config))]);
    return { config, file, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A choice that was made stands until `sensorloop setup` is asked to try again; native is looked at each time. */
export async function chooseTensorflow(file: StateFile, cacheDir: string, report: Report, again = false): Promise<string> {
  const before = file.state.tensorflow;
  if (before?.backend === "wasm" && !again) return `wasm: ${before.reason}; to try again: sensorloop setup`;
  const tensorflow = await setUpTensorflow({ cacheDir, report });
  await file.update({ tensorflow });
  return tensorflow.reason;
}

export async function preparePages(file: StateFile, { uiDir }: Places, report: Report): Promise<string> {
  if (uiDir !== undefined) return "as configured";
  const folder = await buildUi(file.dataDir, report);
  const known = file.state.settings["SENSORLOOP_UI_DIR"] === folder;
  if (!known) await file.update({ settings: { SENSORLOOP_UI_DIR: folder } });
  return known ? "up to date" : "built";
}
