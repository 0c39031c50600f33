import { readFileSync } from "node:fs";
import { availableParallelism, homedir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { SensorloopError } from "./domain/errors.ts";

const flag = z.union([z.boolean(), z.stringbool()]);

/**
 * The one door to the configuration: the environment, and for what it leaves out the state that the stack on this
 * machine wrote (`stack.json`). Parsed once at start; everything else takes options.
 */
const configSchema = z.object({
  dataDir: z.string(),
  cacheDir: z.string(),
  scratchDir: z.string(),
  database: z.object({ url: z.url({ protocol: /^postgres(ql)?$/ }) }),
  s3: z.object({
    endpoint: z.url(),
    region: z.string().min(1).default("us-east-1"),
    accessKeyId: z.string().min(1),
    secretAccessKey: z.string().min(8),
    bucket: z.string().min(3).default("sensorloop"),
    forcePathStyle: flag.default(true),
  }),
  temporal: z.object({
    address: z.string().regex(/^[^\s/]+:\d+$/, "host:port"),
    namespace: z.string().min(1).default("default"),
    apiKey: z.string().optional(),
    tls: flag.default(false),
    uiUrl: z.url().optional(),
  }),
  web: z.object({
    host: z.string().default("127.0.0.1"),
    port: z.coerce.number().int().min(0).max(65_535).default(8480),
    publicUrl: z.url().optional(),
  }),
  pepper: z.string().min(32),
  sessionSecret: z.string().min(32),
  jobs: z.object({
    processes: z.coerce.number().int().min(1).max(256).default(availableParallelism()),
    memoryMb: z.coerce.number().int().min(128).default(1024),
  }),
  log: z.object({ level: z.enum(["debug", "info", "warn", "error", "silent"]).default("info") }),
});

export type Config = z.infer<typeof configSchema>;

/** Variable, place in the configuration, what it is, an example. docs/operations.md lists the same. */
export const VARIABLES = [
  ["SENSORLOOP_DATABASE_URL", "database.url", "Postgres", "postgres://user:secret@host:5432/sensorloop"],
  ["SENSORLOOP_S3_ENDPOINT", "s3.endpoint", "object store", "https://s3.example.org"],
  ["SENSORLOOP_S3_REGION", "s3.region", "its region", "eu-central-1"],
  ["SENSORLOOP_S3_ACCESS_KEY_ID", "s3.accessKeyId", "its access key", "AKIA..."],
  ["SENSORLOOP_S3_SECRET_ACCESS_KEY", "s3.secretAccessKey", "its secret key", "(secret)"],
  ["SENSORLOOP_S3_BUCKET", "s3.bucket", "bucket, made when missing", "sensorloop"],
  ["SENSORLOOP_S3_FORCE_PATH_STYLE", "s3.forcePathStyle", "bucket in the path, not in the host name", "true"],
  ["SENSORLOOP_TEMPORAL_ADDRESS", "temporal.address", "Temporal's gRPC address", "temporal.example.org:7233"],
  ["SENSORLOOP_TEMPORAL_NAMESPACE", "temporal.namespace", "its namespace", "sensorloop"],
  ["SENSORLOOP_TEMPORAL_API_KEY", "temporal.apiKey", "its API key", "(secret)"],
  ["SENSORLOOP_TEMPORAL_TLS", "temporal.tls", "speak TLS to it", "true"],
  ["SENSORLOOP_TEMPORAL_UI_URL", "temporal.uiUrl", "where its own pages are", "https://temporal.example.org"],
  ["SENSORLOOP_WEB_HOST", "web.host", "address that the web app listens on", "127.0.0.1"],
  ["SENSORLOOP_WEB_PORT", "web.port", "its port", "8480"],
  ["SENSORLOOP_WEB_PUBLIC_URL", "web.publicUrl", "address that people use, when it is another", "https://sensorloop.example.org"],
  ["SENSORLOOP_PEPPER", "pepper", "secret of this installation from which biometric ids are made; losing it splits people in two", "(64 hex digits)"],
  ["SENSORLOOP_SESSION_SECRET", "sessionSecret", "secret that signs session cookies", "(64 hex digits)"],
  ["SENSORLOOP_JOB_PROCESSES", "jobs.processes", "computing processes at once", "4"],
  ["SENSORLOOP_JOB_MEMORY_MB", "jobs.memoryMb", "resident memory allowed to each of them", "1024"],
  ["SENSORLOOP_SCRATCH_DIR", "scratchDir", "folder for cached objects and jobs", "/var/lib/sensorloop/scratch"],
  ["SENSORLOOP_LOG_LEVEL", "log.level", "debug, info, warn, error or silent", "info"],
] as const;

export interface LoadOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly dataDir?: string;
}

/** Where this installation keeps its data, and where binaries shared by all installations of this user are cached. */
export function folders({ env = process.env, dataDir }: LoadOptions = {}): { dataDir: string; cacheDir: string } {
  const data = dataDir ?? filled(env["SENSORLOOP_DATA_DIR"]) ?? join(import.meta.dirname, "..", ".sensorloop");
  const cache = filled(env["SENSORLOOP_CACHE_DIR"]) ?? join(filled(env["XDG_CACHE_HOME"]) ?? join(homedir(), ".cache"), "sensorloop");
  return { dataDir: resolve(data), cacheDir: resolve(cache) };
}

/** @throws SensorloopError CONFIG_INVALID with every problem at once: variable, what is wrong, an example */
export function loadConfig(options: LoadOptions = {}): Config {
  const env = options.env ?? process.env;
  const { dataDir, cacheDir } = folders(options);
  const raw: Record<string, unknown> = { database: {}, s3: {}, temporal: {}, web: {}, jobs: {}, log: {}, ...readState(dataDir) };
  raw["dataDir"] = dataDir;
  raw["cacheDir"] = cacheDir;
  raw["scratchDir"] ??= join(dataDir, "scratch");
  for (const [variable, path] of VARIABLES) {
    const value = filled(env[variable]);
    if (value !== undefined) setPath(raw, path, value);
  }
  const parsed = configSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const path = issue.path.join(".");
    const [variable, , , example] = VARIABLES.find(([, place]) => place === path) ?? [path, path, "", ""];
    return `${variable}: ${issue.message} (example: ${example})`;
  });
  throw new SensorloopError("CONFIG_INVALID", `the configuration has ${problems.length} problem(s), or the stack is not up:\n  ${problems.join("\n  ")}`, {
    facts: { problems },
  });
}

/** The configuration for people's eyes and logs. */
export function redacted(config: Config): Record<string, unknown> {
  const hide = (value: unknown, key: string): unknown => {
    if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, hide(item, name)]));
    if (/secret|pepper|apiKey|accessKeyId/i.test(key)) return value ? "***" : value;
    return key === "url" && typeof value === "string" ? value.replace(/:[^:@/]*@/, ":***@") : value;
  };
  return hide(config, "") as Record<string, unknown>;
}

/** What the stack on this machine wrote for the processes it brings up: the same shape, addresses and keys only. */
export function stateFile(dataDir: string): string {
  return join(dataDir, "stack.json");
}

function readState(dataDir: string): Record<string, unknown> {
  try {
    const state = JSON.parse(readFileSync(stateFile(dataDir), "utf8")) as { config?: Record<string, unknown> };
    return state.config ?? {};
  } catch {
    return {};
  }
}

/** Blank counts as unset. */
function filled(value: string | undefined): string | undefined {
  return value?.trim() ? value.trim() : undefined;
}

function setPath(target: Record<string, unknown>, path: string, value: string): void {
  const [head = "", tail] = path.split(".");
  if (tail === undefined) target[head] = value;
  else target[head] = { ...(target[head] as object | undefined), [tail]: value };
}
