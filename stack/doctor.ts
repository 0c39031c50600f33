import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { Connection } from "@temporalio/client";
import pg from "pg";
import { loadConfig, STATE_FILE, type Config, type Places } from "../lib/config.ts";
import { ObjectStore } from "../lib/store/objects.ts";
import { webUrl } from "./probes.ts";
import { readState } from "./state.ts";
import { supervisorOf } from "./supervisor-lock.ts";
import { whyNotNative } from "./tensorflow/probe.ts";

export interface Finding {
  readonly name: string;
  /** `warning`: it works, and not as well as it could. */
  readonly state: "ok" | "warning" | "failed";
  readonly detail: string;
}

/** Less than this and a first run of a large project fills the disk. */
const ROOM_GB = 5;
const CONNECT_MS = 5_000;

/** Looks at everything an installation needs, by using it. Never shows a secret. */
export async function examine(places: Places): Promise<Finding[]> {
  const tensorflow = finding("TensorFlow", async () => {
    const why = await whyNotNative();
    if (why === null) return "native";
    const setUp = (await readState(join(places.dataDir, STATE_FILE)))?.tensorflow?.reason;
    return { warning: `wasm, slower by a factor of 3 to 10: ${setUp ?? why}. To try again: sensorloop setup` };
  });
  const found = [
    finding("Node", () => Promise.resolve(`${process.version} on ${process.platform} ${process.arch}`)),
    finding("Disk", () => roomIn(places.dataDir)),
    tensorflow,
  ];
  let config: Config;
  try {
    config = loadConfig({ dataDir: places.dataDir });
  } catch (error) {
    return Promise.all([...found, finding("Configuration", () => Promise.reject(error as Error))]);
  }
  const services = [
    finding("Postgres", () => usePostgres(config)),
    finding("Object store", () => useObjects(config)),
    finding("Temporal", () => useTemporal(config)),
    finding("Web", () => useWeb(config)),
  ];
  return Promise.all([...found, ...services]);
}

async function finding(name: string, work: () => Promise<string | { readonly warning: string }>): Promise<Finding> {
  try {
    const detail = await work();
    return typeof detail === "string" ? { name, state: "ok", detail } : { name, state: "warning", detail: detail.warning };
  } catch (error) {
    return { name, state: "failed", detail: reasonOf(error) };
  }
}

async function roomIn(folder: string): Promise<string | { warning: string }> {
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  const gigabytes = (bavail * bsize) / 1e9;
  const text = `${gigabytes.toFixed(0)} GB free in ${folder}`;
  return gigabytes < ROOM_GB ? { warning: text } : text;
}

async function usePostgres({ database }: Config): Promise<string> {
  const client = new pg.Client({ connectionString: database.url, connectionTimeoutMillis: CONNECT_MS, query_timeout: CONNECT_MS });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>("select current_setting('server_version') as version");
    return `${rows[0]?.version} at ${new URL(database.url).host}`;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Puts a megabyte, reads it back, compares it and removes it. */
async function useObjects(config: Config): Promise<string> {
  const scratchDir = join(config.scratchDir, `doctor-${randomBytes(4).toString("hex")}`);
  await using store = new ObjectStore({ ...config.s3, scratchDir });
  const bytes = randomBytes(2 ** 20);
  const began = performance.now();
  try {
    await store.prepare();
    const put = await store.putBytes("doctor", "file", bytes);
    try {
      // The scratch folder is new, so the bytes come from the store.
      const hash = createHash("sha256")
        .update(await readFile(await store.fetch(put)))
        .digest("hex");
      if (hash !== put.sha256) throw new Error("what was read is not what was put");
    } finally {
      await store.delete(put.key);
    }
    return `put, read, compared and removed 1 MB in ${Math.round(performance.now() - began)} ms at ${config.s3.endpoint}`;
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
}

async function useTemporal({ temporal }: Config): Promise<string> {
  const connection = await Connection.connect({
    address: temporal.address,
    apiKey: temporal.apiKey,
    tls: temporal.tls,
    connectTimeout: CONNECT_MS,
  });
  try {
    const { serverVersion } = await connection.workflowService.getSystemInfo({});
    await connection.workflowService.describeNamespace({ namespace: temporal.namespace });
    return `server ${serverVersion} at ${temporal.address}, namespace ${temporal.namespace}`;
  } finally {
    await connection.close();
  }
}

async function useWeb(config: Config): Promise<string> {
  // With the stack down, whatever answers at its port is somebody else's.
  const isOurs = (await readState(join(config.dataDir, STATE_FILE))) === null || (await supervisorOf(config.dataDir)) !== null;
  if (!isOurs) throw new Error("the stack is not running: npm start");
  const response = await fetch(`${webUrl(config)}/api/ready`, { signal: AbortSignal.timeout(CONNECT_MS) });
  const { services } = (await response.json()) as { services: { name: string; ok: boolean }[] };
  const away = services.filter((service) => !service.ok).map((service) => service.name);
  if (away.length > 0) throw new Error(`${config.web.publicUrl} answers, and misses ${away.join(", ")}`);
  return config.web.publicUrl;
}

/** fetch and Node's sockets hide the reason in the cause; a refused connection to two addresses has an empty message. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(reasonOf).join("; ");
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${reasonOf(error.cause)}` : error.message;
}
