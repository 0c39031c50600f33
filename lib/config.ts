import { readFileSync } from "node:fs";
import { availableParallelism, homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { z } from "zod";
import { hintOf, variablesSchema, type VariableName, type Variables } from "./config-variables.ts";
import { SensorloopError } from "./domain/errors.ts";

/** Where an installation keeps what is its own, and where programs lie that installations share. */
export interface Places {
  readonly dataDir: string;
  readonly cacheDir: string;
  /** Postgres' programs, named by the user. */
  readonly postgresBin?: string;
  /** Pages built elsewhere. */
  readonly uiDir?: string;
  /** Services whose address was given, in the environment: the stack leaves them alone. */
  readonly configured: Readonly<Record<ServiceGroup, boolean>>;
}

export interface Config extends Places {
  readonly scratchDir: string;
  readonly database: { readonly url: string };
  readonly s3: {
    readonly endpoint: string;
    readonly region: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly bucket: string;
    readonly forcePathStyle: boolean;
  };
  readonly temporal: {
    readonly address: string;
    readonly namespace: string;
    readonly apiKey?: string;
    readonly tls?: boolean;
    readonly uiUrl?: string;
  };
  readonly web: {
    readonly host: string;
    readonly port: number;
    readonly publicUrl: string;
    /** What a scraper elsewhere than on the loopback sends; without it, none may read. */
    readonly metricsToken?: string;
  };
  /** 32 random bytes in hex, one value per installation for ever: biometric ids depend on it. */
  readonly pepper: string;
  readonly sessionSecret: string;
  readonly jobs: { readonly processes: number; readonly memoryMb: number; readonly checkpointSeconds: number };
  readonly log: { readonly level: string };
  readonly nights: {
    /** Two nights of a project lie at least this far apart. */
    readonly minSeconds: number;
    /** Folders of this machine in which a spec's `watch` may lie; none where the operator named none. */
    readonly watchDirs: readonly string[];
  };
  readonly notify: { readonly webhookSecret?: string; readonly smtpUrl?: string; readonly mailFrom: string };
}

export interface ConfigOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Goes before SENSORLOOP_DATA_DIR. */
  readonly dataDir?: string;
}

export interface ConfigProblem {
  readonly variable: string;
  readonly rule: string;
  readonly example: string;
}

export type ServiceGroup = "database" | "s3" | "temporal";

/** The state file holds the same variables as the environment, written by the stack for what it started itself. */
export const STATE_FILE = "stack.json";
const stateSchema = z.looseObject({ settings: z.record(z.string(), z.string()) });

/** A service named in the environment is described there alone: nothing of the stack's own service is mixed in. */
const GROUPS: Readonly<Record<ServiceGroup, { readonly anchors: readonly VariableName[]; readonly prefix: string }>> = {
  database: { anchors: ["SENSORLOOP_DATABASE_URL"], prefix: "SENSORLOOP_DATABASE_" },
  s3: { anchors: ["SENSORLOOP_S3_ENDPOINT", "SENSORLOOP_S3_ACCESS_KEY_ID"], prefix: "SENSORLOOP_S3_" },
  temporal: { anchors: ["SENSORLOOP_TEMPORAL_ADDRESS"], prefix: "SENSORLOOP_TEMPORAL_" },
};

const REQUIRED = [
  "SENSORLOOP_DATABASE_URL",
  "SENSORLOOP_S3_ACCESS_KEY_ID",
  "SENSORLOOP_S3_SECRET_ACCESS_KEY",
  "SENSORLOOP_TEMPORAL_ADDRESS",
  "SENSORLOOP_PEPPER",
  "SENSORLOOP_SESSION_SECRET",
] as const satisfies readonly VariableName[];

const REPOSITORY = join(import.meta.dirname, "..");

/**
 * The configuration: the environment first, then what the stack wrote into `<dataDir>/stack.json`, then defaults.
 * @throws SensorloopError CONFIG_INVALID naming every problem at once
 */
export function loadConfig(options: ConfigOptions = {}): Config {
  const { places, variables, problems } = read(options);
  const missing = REQUIRED.filter((name) => variables[name] === undefined && !problems.some((problem) => problem.variable === name));
  refuse([...problems, ...missing.map(problemOf)], missing.length > 0);
  const known = variables as Variables & Required<Pick<Variables, (typeof REQUIRED)[number]>>;
  const region = known.SENSORLOOP_S3_REGION ?? "us-east-1";
  const host = known.SENSORLOOP_WEB_HOST ?? "127.0.0.1";
  const port = known.SENSORLOOP_WEB_PORT ?? 8080;
  return {
    ...places,
    scratchDir: resolve(known.SENSORLOOP_SCRATCH_DIR ?? join(places.dataDir, "scratch")),
    uiDir: known.SENSORLOOP_UI_DIR,
    database: { url: known.SENSORLOOP_DATABASE_URL },
    s3: {
      endpoint: known.SENSORLOOP_S3_ENDPOINT ?? `https://s3.${region}.amazonaws.com`,
      region,
      accessKeyId: known.SENSORLOOP_S3_ACCESS_KEY_ID,
      secretAccessKey: known.SENSORLOOP_S3_SECRET_ACCESS_KEY,
      bucket: known.SENSORLOOP_S3_BUCKET ?? "sensorloop",
      forcePathStyle: known.SENSORLOOP_S3_FORCE_PATH_STYLE ?? known.SENSORLOOP_S3_ENDPOINT !== undefined,
    },
    temporal: {
      address: known.SENSORLOOP_TEMPORAL_ADDRESS,
      namespace: known.SENSORLOOP_TEMPORAL_NAMESPACE ?? "default",
      apiKey: known.SENSORLOOP_TEMPORAL_API_KEY,
      tls: known.SENSORLOOP_TEMPORAL_TLS ?? (known.SENSORLOOP_TEMPORAL_API_KEY === undefined ? undefined : true),
      uiUrl: known.SENSORLOOP_TEMPORAL_UI_URL,
    },
    web: {
      host,
      port,
      publicUrl: known.SENSORLOOP_PUBLIC_URL ?? `http://${host}:${port}`,
      metricsToken: known.SENSORLOOP_METRICS_TOKEN,
    },
    pepper: known.SENSORLOOP_PEPPER,
    sessionSecret: known.SENSORLOOP_SESSION_SECRET,
    jobs: {
      processes: known.SENSORLOOP_JOB_PROCESSES ?? availableParallelism(),
      memoryMb: known.SENSORLOOP_JOB_MEMORY_MB ?? 1024,
      checkpointSeconds: known.SENSORLOOP_CHECKPOINT_SECONDS ?? 10,
    },
    log: { level: known.SENSORLOOP_LOG_LEVEL ?? "info" },
    nights: {
      minSeconds: known.SENSORLOOP_NIGHT_MIN_SECONDS ?? 600,
      watchDirs: (known.SENSORLOOP_WATCH_DIRS ?? "")
        .split(delimiter)
        .filter(Boolean)
        .map((dir) => resolve(dir)),
    },
    notify: {
      webhookSecret: known.SENSORLOOP_WEBHOOK_SECRET,
      smtpUrl: known.SENSORLOOP_SMTP_URL,
      mailFrom: known.SENSORLOOP_MAIL_FROM ?? "sensorloop@localhost",
    },
  };
}

/**
 * What is known before any service runs: folders, and which services are not the stack's to start.
 * @throws SensorloopError CONFIG_INVALID naming every problem at once
 */
export function loadPlaces(options: ConfigOptions = {}): Places {
  const { places, problems } = read(options);
  refuse(problems, false);
  return places;
}

/**
 * The back end of TensorFlow that is asked for, if one is: for jobs, which have an environment and no configuration.
 * @throws SensorloopError CONFIG_INVALID where there is none of that name
 */
export function forcedBackend(options: ConfigOptions = {}): Variables["SENSORLOOP_TF_BACKEND"] {
  const { variables, problems } = read(options);
  refuse(
    problems.filter(({ variable }) => variable === "SENSORLOOP_TF_BACKEND"),
    false,
  );
  return variables.SENSORLOOP_TF_BACKEND;
}

/** A copy for logs and screens: secrets are there or not there, never shown. */
export function redacted(config: Config): Config {
  const url = new URL(config.database.url);
  if (url.password !== "") url.password = HIDDEN;
  return {
    ...config,
    database: { url: url.href },
    s3: { ...config.s3, accessKeyId: HIDDEN, secretAccessKey: HIDDEN },
    temporal: { ...config.temporal, apiKey: config.temporal.apiKey === undefined ? undefined : HIDDEN },
    web: { ...config.web, metricsToken: config.web.metricsToken === undefined ? undefined : HIDDEN },
    pepper: HIDDEN,
    sessionSecret: HIDDEN,
    notify: {
      ...config.notify,
      webhookSecret: config.notify.webhookSecret === undefined ? undefined : HIDDEN,
      smtpUrl: config.notify.smtpUrl === undefined ? undefined : HIDDEN,
    },
  };
}

const HIDDEN = "hidden";

function read(options: ConfigOptions): { places: Places; variables: Variables; problems: ConfigProblem[] } {
  const env = given(options.env ?? process.env);
  const dataDir = resolve(options.dataDir ?? env["SENSORLOOP_DATA_DIR"] ?? join(REPOSITORY, ".sensorloop"));
  const cacheDir = resolve(env["SENSORLOOP_CACHE_DIR"] ?? join(env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "sensorloop"));
  const groups = Object.entries(GROUPS) as [ServiceGroup, (typeof GROUPS)[ServiceGroup]][];
  const configured = Object.fromEntries(
    groups.map(([group, { anchors }]) => [group, anchors.some((name) => env[name] !== undefined)]),
  ) as Record<ServiceGroup, boolean>;
  const ofStack = Object.entries(readState(dataDir)).filter(
    ([name]) => !groups.some(([group, { prefix }]) => configured[group] && name.startsWith(prefix)),
  );
  const values: Readonly<Record<string, string>> = { ...Object.fromEntries(ofStack), ...env };

  // One by one, so that a wrong value does not hide what else is wrong or missing.
  const variables: Record<string, unknown> = {};
  const problems: ConfigProblem[] = [];
  for (const name of Object.keys(variablesSchema.shape) as VariableName[]) {
    const parsed = variablesSchema.shape[name].safeParse(values[name]);
    if (parsed.success) variables[name] = parsed.data;
    else problems.push(problemOf(name));
  }
  return {
    places: { dataDir, cacheDir, postgresBin: env["PG_BIN"], uiDir: env["SENSORLOOP_UI_DIR"], configured },
    variables: variables as Variables,
    problems,
  };
}

/** Blank is unset: compose files and CI pass empty strings for what nobody filled in. */
function given(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const filled = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || value.trim() === "" ? [] : [[name, value.trim()] as const],
  );
  return Object.fromEntries(filled);
}

function readState(dataDir: string): Readonly<Record<string, string>> {
  const path = join(dataDir, STATE_FILE);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new SensorloopError("CONFIG_INVALID", `${path} cannot be read`, { facts: { path }, cause });
  }
  try {
    return stateSchema.parse(JSON.parse(text)).settings;
  } catch (cause) {
    throw new SensorloopError("CONFIG_INVALID", `${path} is damaged; its owner, the stack, writes JSON with 'settings'`, {
      facts: { path },
      cause,
    });
  }
}

function problemOf(variable: VariableName): ConfigProblem {
  return { variable, ...hintOf(variable) };
}

function refuse(problems: readonly ConfigProblem[], incomplete: boolean): void {
  if (problems.length === 0) return;
  const lines = problems.map(({ variable, rule, example }) => `  ${variable}: ${rule}, like ${example}`);
  const start = incomplete ? "\nOr start the services of this machine, which sets what is missing: npm start" : "";
  throw new SensorloopError("CONFIG_INVALID", `the configuration is missing values or has wrong ones:\n${lines.join("\n")}${start}`, {
    facts: { problems },
  });
}
