import { rm } from "node:fs/promises";
import { join } from "node:path";
import { loadConfig, loadPlaces, type Config } from "../../lib/config.ts";
import { migrate } from "../../lib/store/migrate.ts";
import { ObjectStore } from "../../lib/store/objects.ts";
import { startObjectServer, startPostgres, startTemporal, type StartContext } from "../../stack/start-services.ts";
import { openState } from "../../stack/state.ts";
import type { Supervised } from "../../stack/supervise.ts";
import { postWarden } from "../../stack/warden.ts";
import type { ServiceName } from "./broker.ts";
import { testFolder } from "./services.ts";

/** A service that a test may treat badly. */
export interface Victim {
  readonly port: number;
  readonly pid: number;
  /** kill -9; the supervisor starts it again. */
  kill(): void;
  /** SIGSTOP: it holds its connections and does nothing. */
  freeze(): void;
  thaw(): void;
  /** Ends it for good. */
  stop(): Promise<void>;
  /** Starts it again after `stop`, at the same address, with its data. */
  start(): Promise<void>;
}

export interface OwnStack extends AsyncDisposable {
  readonly config: Config;
  readonly dataDir: string;
  readonly postgres: Victim;
  readonly objects: Victim;
  readonly temporal: Victim;
}

const STARTERS = { postgres: startPostgres, objects: startObjectServer, temporal: startTemporal } as const;

/**
 * Services of a test's own, supervised as `sensorloop up` does, with the schema and the bucket in them. About two
 * seconds: use it where a service must suffer, and the run's shared ones (`services.ts`) everywhere else.
 */
export async function startOwnStack(env: Readonly<Record<string, string>> = {}): Promise<OwnStack> {
  const dataDir = await testFolder();
  const { cacheDir, postgresBin } = loadPlaces({ dataDir });
  const context: StartContext = { file: await openState(dataDir), cacheDir, postgresBin, report: () => {}, throwaway: true };
  postWarden(join(dataDir, "run"));
  const victims = await Promise.all(
    (Object.keys(STARTERS) as ServiceName[]).map(async (name) => [name, await victim(name, context)] as const),
  );
  const config = loadConfig({ dataDir, env: { SENSORLOOP_LOG_LEVEL: "warn", ...env } });
  await migrate(config.database.url);
  await using store = new ObjectStore({ ...config.s3, scratchDir: config.scratchDir });
  await store.prepare();
  const services = Object.fromEntries(victims) as Record<ServiceName, Victim>;
  return {
    config,
    dataDir,
    ...services,
    async [Symbol.asyncDispose]() {
      await Promise.all(victims.map(([, service]) => service.stop()));
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function victim(name: ServiceName, context: StartContext): Promise<Victim> {
  let service: Supervised = await STARTERS[name](context);
  const send = (signal: NodeJS.Signals) => void process.kill(pid(), signal);
  const pid = () => {
    if (service.pid === undefined) throw new Error(`${name} is not running: ${service.state}`);
    return service.pid;
  };
  return {
    get port() {
      return context.file.state.ports[name] ?? 0;
    },
    get pid() {
      return pid();
    },
    kill: () => send("SIGKILL"),
    freeze: () => send("SIGSTOP"),
    thaw: () => send("SIGCONT"),
    stop: () => service.stop(),
    async start() {
      service = await STARTERS[name](context);
    },
  };
}
