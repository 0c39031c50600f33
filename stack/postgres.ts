import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { SensorloopError } from "../lib/domain/errors.ts";
import { giveTo, type Owner } from "./ordinary-user.ts";
import { answersPostgres } from "./probes.ts";
import type { ServicePlan } from "./service.ts";

const run = promisify(execFile);

const POSTGRES_USER = "sensorloop";
const DATABASE = "sensorloop";

export interface PostgresOptions {
  /** Holds `initdb` and `postgres`. */
  readonly programs: string;
  /** The data; made at the first start. Its parent must be reachable for `owner`. */
  readonly folder: string;
  readonly port: number;
  readonly password: string;
  readonly owner: Owner | undefined;
  /** False gives up safety against power loss for speed: for tests alone. */
  readonly durable: boolean;
}

export function postgresUrl({ port, password }: { readonly port: number; readonly password: string }, database = DATABASE): string {
  return `postgres://${POSTGRES_USER}:${password}@127.0.0.1:${port}/${database}`;
}

/** The major version of the data in `folder`, or null before the first start. Only its own major can open it. */
export async function postgresMajorOf(folder: string): Promise<number | null> {
  const text = await readFile(join(folder, "PG_VERSION"), "utf8").catch(() => null);
  return text === null ? null : Number(text.trim());
}

/** Makes the data folder where it is missing: one that was begun and not finished is never taken for one. */
export async function preparePostgres({ programs, folder, password, owner, durable }: PostgresOptions): Promise<void> {
  if ((await postgresMajorOf(folder)) !== null) return;
  const begun = `${folder}.${randomUUID()}`;
  const passwordFile = `${begun}.password`;
  try {
    await mkdir(begun, { recursive: true, mode: 0o700 });
    await writeFile(passwordFile, password, { mode: 0o600 });
    giveTo(owner, begun);
    giveTo(owner, passwordFile);
    const args = ["--pgdata", begun, "--username", POSTGRES_USER, "--pwfile", passwordFile, "--auth", "scram-sha-256"];
    await run(
      join(programs, "initdb"),
      [...args, "--encoding", "UTF8", "--locale", "C", "--data-checksums", ...(durable ? [] : ["--no-sync"])],
      {
        uid: owner?.uid,
        gid: owner?.gid,
        cwd: begun,
      },
    );
    await rename(begun, folder);
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim() ?? "";
    throw new SensorloopError("SERVICE_FAILED", `Postgres could not make its data folder ${folder}: ${said || String(cause)}`, { cause });
  } finally {
    await rm(begun, { recursive: true, force: true });
    await rm(passwordFile, { force: true });
  }
}

export function postgresPlan(options: PostgresOptions): ServicePlan {
  const { programs, folder, port, owner, durable } = options;
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    // The loopback is enough, and a socket file would need a folder of its own.
    unix_socket_directories: "",
    max_connections: "200",
    shared_buffers: "256MB",
    // A pipeline writes tables in bursts; the default checkpoints within them.
    max_wal_size: "2GB",
    // A kill of Postgres loses nothing even so; a power cut may.
    ...(durable ? {} : { fsync: "off", full_page_writes: "off" }),
  };
  return {
    name: "postgres",
    command: {
      file: join(programs, "postgres"),
      args: ["-D", folder, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
      cwd: folder,
      owner,
    },
    answers: () => answersPostgres(postgresUrl(options, "postgres")),
    // Recovery after a crash replays up to max_wal_size.
    readyWithinMs: 60_000,
    // "Fast": rolls back what is open. SIGTERM would wait for clients that hold their connections for ever.
    stopSignal: "SIGINT",
    stopWithinMs: 10_000,
  };
}

/** Makes the application's database where it is missing. */
export async function prepareDatabase(options: { readonly port: number; readonly password: string }): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl(options, "postgres") });
  await client.connect();
  try {
    const { rowCount } = await client.query("select from pg_database where datname = $1", [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}
