import { Client, Connection } from "@temporalio/client";
import type { Kysely } from "kysely";
import { pino, type Logger } from "pino";
import { ComputePool } from "./compute/pool.ts";
import type { Config } from "./config.ts";
import { SensorloopError } from "./domain/errors.ts";
import { openDatabase, type Database } from "./store/database.ts";
import { ObjectStore } from "./store/objects.ts";

/** Everything a process needs to work: opened once, handed to whoever does the work, closed once. */
export interface Platform extends AsyncDisposable {
  readonly config: Config;
  readonly db: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly compute: ComputePool;
  readonly log: Logger;
  /** Connects at the first call, so that what needs no workflow works while Temporal is away. @throws TEMPORAL_UNAVAILABLE */
  temporal(): Promise<Client>;
}

/** @param connectMs what a first connection to Temporal may take; whoever asked for a run waits so long while it is away */
export function openPlatform(config: Config, { connectMs = 5_000 }: { readonly connectMs?: number } = {}): Platform {
  const db = openDatabase(config.database.url);
  const objects = new ObjectStore({ ...config.s3, scratchDir: config.scratchDir });
  const compute = new ComputePool({ size: config.jobs.processes, memoryMb: config.jobs.memoryMb, folder: config.scratchDir });
  const log = pino({ level: config.log.level }, pino.destination(2));
  let client: Promise<Client> | undefined;
  return {
    config,
    db,
    objects,
    compute,
    log,
    temporal() {
      client ??= connect(config, connectMs).catch((error: unknown) => {
        client = undefined;
        throw error;
      });
      return client;
    },
    async [Symbol.asyncDispose]() {
      await compute[Symbol.asyncDispose]();
      await (await client?.catch(() => undefined))?.connection.close();
      await objects[Symbol.asyncDispose]();
      await db.destroy();
    },
  };
}

async function connect({ temporal }: Config, connectTimeout: number): Promise<Client> {
  try {
    const connection = await Connection.connect({
      address: temporal.address,
      apiKey: temporal.apiKey,
      tls: temporal.tls,
      connectTimeout,
    });
    return new Client({ connection, namespace: temporal.namespace });
  } catch (cause) {
    throw new SensorloopError("TEMPORAL_UNAVAILABLE", `Temporal does not answer at ${temporal.address}`, { cause });
  }
}
