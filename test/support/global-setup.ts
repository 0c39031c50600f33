import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { loadPlaces } from "../../lib/config.ts";
import { migrate } from "../../lib/store/migrate.ts";
import { startObjectServer, startPostgres, startTemporal, type StartContext } from "../../stack/start-services.ts";
import { obtain } from "../../stack/obtain/program.ts";
import { temporalProgram } from "../../stack/obtain/temporal.ts";
import { versitygwProgram } from "../../stack/obtain/versitygw.ts";
import { openState, type Settings } from "../../stack/state.ts";
import { setUpTensorflow } from "../../stack/tensorflow/setup.ts";
import type { Supervised } from "../../stack/supervise.ts";
import { postWarden } from "../../stack/warden.ts";
import { openBroker } from "./broker.ts";
import { TEMPLATE } from "./template.ts";

declare module "vitest" {
  export interface ProvidedContext {
    broker: string;
    /** Of the run: services' data, and one folder per test file that asks. */
    folder: string;
  }
}

/** One set of real services for a whole run, each started when it is first needed. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), "sensorloop-test-"));
  // As root, Postgres runs as nobody, who must be able to pass through.
  await chmod(dataDir, 0o711);
  const file = await openState(dataDir);
  const { cacheDir, postgresBin } = loadPlaces({ dataDir });
  const report = (line: string) => process.env["CI"] === undefined && process.stderr.isTTY && process.stderr.write(`\r\u001b[K${line}`);
  const context: StartContext = { file, cacheDir, postgresBin, report, throwaway: true };
  postWarden(join(dataDir, "run"));
  // A build may take longer than any test or hook may; tests of models run on every back end that there is, and a fresh
  // clone must not leave out the one that people will use.
  await Promise.all([
    setUpTensorflow({ cacheDir, report }),
    obtain(temporalProgram(), { cacheDir, report }),
    obtain(versitygwProgram(), { cacheDir, report }),
  ]);

  const running: Supervised[] = [];
  const start =
    (service: (context: StartContext) => Promise<Supervised>, prefix: string, prepare = async () => {}) =>
    async (): Promise<Settings> => {
      running.push(await service(context));
      await prepare();
      return Object.fromEntries(Object.entries(file.state.settings).filter(([name]) => name.startsWith(prefix)));
    };
  const broker = await openBroker({
    postgres: start(startPostgres, "SENSORLOOP_DATABASE_", () => makeTemplate(file.state.settings["SENSORLOOP_DATABASE_URL"] ?? "")),
    objects: start(startObjectServer, "SENSORLOOP_S3_"),
    temporal: start(startTemporal, "SENSORLOOP_TEMPORAL_"),
  });
  project.provide("broker", broker.url);
  project.provide("folder", dataDir);

  return async () => {
    await broker.close();
    await Promise.all(running.map((service) => service.stop()));
    const failed = project.vitest.state.getCountOfFailedTests() > 0 || project.vitest.state.getUnhandledErrors().length > 0;
    if (failed) console.error(`data and logs are kept in ${dataDir}`);
    else await rm(dataDir, { recursive: true, force: true });
  };
}

async function makeTemplate(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`create database ${TEMPLATE}`);
  await client.end();
  const url = new URL(databaseUrl);
  url.pathname = `/${TEMPLATE}`;
  await migrate(url.href);
}
