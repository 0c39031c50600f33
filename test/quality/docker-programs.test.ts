import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { describe, expect, it } from "vitest";
import type { Config } from "../../lib/config.ts";
import type { VariableName } from "../../lib/config-variables.ts";
import { testPlatform, testWorker } from "../support/platform.ts";
import { testFolder } from "../support/services.ts";
import { ROOT } from "./small-tree.ts";

/** What the containers run beside api and worker, as the processes they are there: all they know is the environment. */
async function run(program: string, config: Config, ...args: string[]): Promise<{ code: number; said: string }> {
  const environment: Partial<Record<VariableName, string>> = {
    SENSORLOOP_DATA_DIR: await testFolder(),
    SENSORLOOP_DATABASE_URL: config.database.url,
    SENSORLOOP_S3_ENDPOINT: config.s3.endpoint,
    SENSORLOOP_S3_ACCESS_KEY_ID: config.s3.accessKeyId,
    SENSORLOOP_S3_SECRET_ACCESS_KEY: config.s3.secretAccessKey,
    SENSORLOOP_S3_BUCKET: config.s3.bucket,
    SENSORLOOP_TEMPORAL_ADDRESS: config.temporal.address,
    SENSORLOOP_TEMPORAL_NAMESPACE: config.temporal.namespace,
    SENSORLOOP_PEPPER: config.pepper,
    SENSORLOOP_SESSION_SECRET: config.sessionSecret,
  };
  try {
    const { stderr } = await promisify(execFile)(process.execPath, [join(ROOT, "docker", program), ...args], {
      env: { PATH: process.env["PATH"], ...environment },
    });
    return { code: 0, said: stderr };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, said: stderr };
  }
}

describe("docker/prepare.ts", () => {
  it("brings an empty database and an absent bucket to what api and worker need, and does nothing the second time", async () => {
    const { config } = await testPlatform();
    const client = new pg.Client({ connectionString: config.database.url });
    await client.connect();
    await client.query("drop schema public cascade; create schema public");
    const fresh = { ...config, s3: { ...config.s3, bucket: `${config.s3.bucket}-new` } };
    expect(await run("prepare.ts", fresh)).toMatchObject({ code: 0, said: expect.stringContaining("migrations applied") as string });
    const { rows } = await client.query<{ there: boolean }>("select to_regclass('journal') is not null as there");
    await client.end();
    expect(rows[0]?.there).toBe(true);
    expect(await run("prepare.ts", fresh)).toMatchObject({ code: 0, said: expect.stringContaining("up to date") as string });
  });
});

describe("docker/worker-health.ts", () => {
  it("fails for a queue that nobody of this host polls", async () => {
    const { config } = await testPlatform();
    expect(await run("worker-health.ts", config, "data")).toMatchObject({ code: 1, said: expect.stringContaining("polls data") as string });
  });

  it("passes while a worker of this host polls the queue", async () => {
    const platform = await testPlatform();
    testWorker(platform);
    await expect
      .poll(async () => (await run("worker-health.ts", platform.config, "data")).code, { timeout: 30_000, interval: 1_000 })
      .toBe(0);
  });
});
