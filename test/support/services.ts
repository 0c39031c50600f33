import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection } from "@temporalio/client";
import pg from "pg";
import { inject } from "vitest";
import { loadConfig, type Config } from "../../lib/config.ts";
import { ObjectStore } from "../../lib/store/objects.ts";
import type { Settings } from "../../stack/state.ts";
import type { ServiceName } from "./broker.ts";
import { closeAfterwards, removeAfterwards } from "./leftovers.ts";
import { TEMPLATE } from "./template.ts";

/*
 * What a test file gets of the run's real services. What these make is the file's own; it is removed after the last test,
 * or kept when one of the file's tests failed.
 */

/** The URL of a new database with the schema of today in it and no rows. About 50 ms. */
export async function testDatabase(): Promise<string> {
  const { SENSORLOOP_DATABASE_URL: server = "" } = await settingsOf("postgres");
  const name = `test_${randomBytes(6).toString("hex")}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  await query(server, `create database ${name} template ${TEMPLATE}`);
  removeAfterwards(() => query(server, `drop database if exists ${name} with (force)`));
  return url.href;
}

/** What `ObjectStore` takes: a bucket and a scratch folder of the file's own. */
export async function testObjects(): Promise<Config["s3"] & { readonly scratchDir: string }> {
  const settings = await settingsOf("objects");
  const bucket = `test-${randomBytes(6).toString("hex")}`;
  const scratchDir = await testFolder();
  const { s3 } = loadConfig({ env: { ...UNUSED, ...settings, SENSORLOOP_S3_BUCKET: bucket }, dataDir: scratchDir });
  await using store = new ObjectStore({ ...s3, scratchDir });
  await store.prepare();
  return { ...s3, scratchDir };
}

/** Where Temporal answers. All files share its namespace: give task queues names of their own. */
async function testTemporal(): Promise<Config["temporal"]> {
  return loadConfig({ env: { ...UNUSED, ...(await settingsOf("temporal")) }, dataDir: tmpdir() }).temporal;
}

/** A connection of the file's own to Temporal, closed after its last test. */
export async function temporalConnection(): Promise<Connection> {
  const connection = await Connection.connect(await testTemporal());
  closeAfterwards(() => connection.close());
  return connection;
}

/** A configuration for `openPlatform`: all three services, a database, a bucket and folders of the file's own. */
export async function testConfig(env: Settings = {}): Promise<Config> {
  const dataDir = await testFolder();
  const [database, objects, temporal] = await Promise.all([testDatabase(), testObjects(), settingsOf("temporal")]);
  return loadConfig({
    dataDir,
    env: {
      ...UNUSED,
      ...(await settingsOf("objects")),
      ...temporal,
      SENSORLOOP_DATABASE_URL: database,
      SENSORLOOP_S3_BUCKET: objects.bucket,
      SENSORLOOP_LOG_LEVEL: "warn",
      ...env,
    },
  });
}

/** An empty folder of the file's own, within that of the run. */
export async function testFolder(): Promise<string> {
  const folder = await mkdtemp(join(inject("folder"), "file-"));
  // As root, Postgres runs as nobody, who must be able to pass through.
  await chmod(folder, 0o711);
  removeAfterwards(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** `loadConfig` wants everything there is; these stand for what a test has not asked for. Nothing listens at port 1. */
const UNUSED: Settings = {
  SENSORLOOP_DATABASE_URL: "postgres://nobody:unused-here@127.0.0.1:1/none",
  SENSORLOOP_S3_ENDPOINT: "http://127.0.0.1:1",
  SENSORLOOP_S3_ACCESS_KEY_ID: "unused-here",
  SENSORLOOP_S3_SECRET_ACCESS_KEY: "unused-here",
  SENSORLOOP_TEMPORAL_ADDRESS: "127.0.0.1:1",
  SENSORLOOP_PEPPER: "5e".repeat(32),
  SENSORLOOP_SESSION_SECRET: "a7".repeat(32),
};

async function settingsOf(service: ServiceName): Promise<Settings> {
  const response = await fetch(`${inject("broker")}/${service}`);
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as Settings;
}

async function query(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
