import { join } from "node:path";
import { loadConfig, STATE_FILE, type Config, type Places } from "../lib/config.ts";
import { readPidFiles } from "./pid-file.ts";
import { isAlive } from "./process-identity.ts";
import { answersObjects, answersPort, answersPostgres, answersWeb } from "./probes.ts";
import { readState } from "./state.ts";
import { supervisorOf } from "./supervisor-lock.ts";

export interface ServiceStatus {
  readonly name: string;
  /** `configured` services run elsewhere. */
  readonly kind: "managed" | "configured";
  readonly answers: boolean;
  readonly pid: number | null;
  readonly restarts: number;
  /** Host and port, or a URL without credentials. */
  readonly address: string;
  readonly program: string | null;
  readonly version: string | null;
  readonly folder: string | null;
}

export interface StackStatus {
  readonly dataDir: string;
  /** The pid of the supervisor, null when the stack is down. */
  readonly supervisor: number | null;
  readonly url: string | null;
  readonly temporalUi: string | null;
  readonly services: readonly ServiceStatus[];
  readonly tensorflow: { readonly backend: string; readonly reason: string } | null;
}

/** What runs, where, and whether it answers. Holds no secret. */
export async function statusOf(places: Places): Promise<StackStatus> {
  const { dataDir, configured } = places;
  const state = await readState(join(dataDir, STATE_FILE));
  const supervisor = (await supervisorOf(dataDir))?.pid ?? null;
  const nothing = { dataDir, supervisor, url: null, temporalUi: null, services: [], tensorflow: state?.tensorflow ?? null };
  let config: Config;
  try {
    config = loadConfig({ dataDir });
  } catch (error) {
    if (!state) return nothing;
    throw error;
  }
  const pids = new Map((await readPidFiles(join(dataDir, "run"))).filter(isAlive).map((record) => [record.name, record]));
  const one = async (name: string, isConfigured: boolean, address: string, answers: Promise<boolean>): Promise<ServiceStatus> => {
    const known = isConfigured ? undefined : state?.services[name];
    const record = pids.get(name);
    return {
      name,
      kind: isConfigured ? "configured" : "managed",
      answers: await answers,
      pid: record?.pid ?? null,
      restarts: record?.restarts ?? 0,
      address,
      program: known?.program ?? null,
      version: known?.version ?? null,
      folder: known?.folder ?? null,
    };
  };
  const services = await Promise.all([
    one("postgres", configured.database, new URL(config.database.url).host, answersPostgres(config.database.url)),
    one("objects", configured.s3, config.s3.endpoint, answersObjects(config.s3.endpoint)),
    one("temporal", configured.temporal, config.temporal.address, answersPort(config.temporal.address)),
    one("worker", false, "", Promise.resolve(pids.has("worker"))),
    // Whatever answers while ours is down is somebody else's.
    one("api", false, config.web.publicUrl, pids.has("api") ? answersWeb(config) : Promise.resolve(false)),
  ]);
  return { ...nothing, url: config.web.publicUrl, temporalUi: config.temporal.uiUrl ?? null, services };
}
