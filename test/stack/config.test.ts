import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig, loadPlaces, redacted, STATE_FILE, type ConfigProblem } from "../../lib/config.ts";
import { SensorloopError } from "../../lib/domain/errors.ts";
import { testFolder } from "../support/services.ts";

const COMPLETE = {
  SENSORLOOP_DATABASE_URL: "postgres://app:a-password-of-its-own@db.internal:5432/app",
  SENSORLOOP_S3_ENDPOINT: "http://s3.internal:9000",
  SENSORLOOP_S3_ACCESS_KEY_ID: "key-of-its-own",
  SENSORLOOP_S3_SECRET_ACCESS_KEY: "secret-of-its-own",
  SENSORLOOP_TEMPORAL_ADDRESS: "temporal.internal:7233",
  SENSORLOOP_PEPPER: "ab".repeat(32),
  SENSORLOOP_SESSION_SECRET: "cd".repeat(32),
};

function refusal(env: Record<string, string>, dataDir: string): SensorloopError {
  try {
    loadConfig({ env, dataDir });
  } catch (error) {
    if (error instanceof SensorloopError) return error;
  }
  throw new Error("the configuration was accepted");
}

async function stateWith(settings: Record<string, string>): Promise<string> {
  const dataDir = await testFolder();
  await mkdir(dataDir, { recursive: true });
  await writeFile(join(dataDir, STATE_FILE), JSON.stringify({ version: 1, settings }));
  return dataDir;
}

describe("loadConfig", () => {
  it("names everything that is wrong or missing at once, each with its rule and an example", async () => {
    const { SENSORLOOP_TEMPORAL_ADDRESS: _, ...rest } = COMPLETE;
    const error = refusal(
      { ...rest, SENSORLOOP_WEB_PORT: "80a", SENSORLOOP_PEPPER: "short", SENSORLOOP_LOG_LEVEL: "loud" },
      await testFolder(),
    );
    expect(error.code).toBe("CONFIG_INVALID");
    const problems = error.facts["problems"] as ConfigProblem[];
    expect(problems.map((problem) => problem.variable).sort()).toEqual([
      "SENSORLOOP_LOG_LEVEL",
      "SENSORLOOP_PEPPER",
      "SENSORLOOP_TEMPORAL_ADDRESS",
      "SENSORLOOP_WEB_PORT",
    ]);
    for (const { variable, rule, example } of problems) expect(error.message).toContain(`${variable}: ${rule}, like ${example}`);
  });

  it("never repeats a value that it refuses", async () => {
    const error = refusal(
      { ...COMPLETE, SENSORLOOP_PEPPER: "a-pepper-with-a-typing-error", SENSORLOOP_DATABASE_URL: "postgres//app:hunter2@x" },
      await testFolder(),
    );
    expect(`${error.message}${JSON.stringify(error.facts)}`).not.toMatch(/typing-error|hunter2/);
  });

  it("refuses secrets that stand in every guide", async () => {
    const env = { ...COMPLETE, SENSORLOOP_DATABASE_URL: "postgres://app:postgres@db/app", SENSORLOOP_S3_SECRET_ACCESS_KEY: "minioadmin" };
    const variables = (refusal(env, await testFolder()).facts["problems"] as ConfigProblem[]).map((problem) => problem.variable);
    expect(variables.sort()).toEqual(["SENSORLOOP_DATABASE_URL", "SENSORLOOP_S3_SECRET_ACCESS_KEY"]);
  });

  it("takes blank for unset", async () => {
    const config = loadConfig({ env: { ...COMPLETE, SENSORLOOP_WEB_PORT: "  ", SENSORLOOP_S3_BUCKET: "" }, dataDir: await testFolder() });
    expect(config.web.port).toBe(8080);
    expect(config.s3.bucket).toBe("sensorloop");
  });

  it("reads booleans as what they say", async () => {
    const dataDir = await testFolder();
    expect(loadConfig({ env: { ...COMPLETE, SENSORLOOP_S3_FORCE_PATH_STYLE: "false" }, dataDir }).s3.forcePathStyle).toBe(false);
    expect(() => loadConfig({ env: { ...COMPLETE, SENSORLOOP_TEMPORAL_TLS: "perhaps" }, dataDir })).toThrow("SENSORLOOP_TEMPORAL_TLS");
  });

  it("lets the environment win over the stack's file", async () => {
    const dataDir = await stateWith({ ...COMPLETE, SENSORLOOP_WEB_PORT: "8081" });
    expect(loadConfig({ env: {}, dataDir }).web.port).toBe(8081);
    expect(loadConfig({ env: { SENSORLOOP_WEB_PORT: "9000" }, dataDir }).web.port).toBe(9000);
  });

  it("mixes nothing of the stack's own store into one that the environment names", async () => {
    const dataDir = await stateWith(COMPLETE);
    const variables = (refusal({ SENSORLOOP_S3_ENDPOINT: "https://elsewhere" }, dataDir).facts["problems"] as ConfigProblem[]).map(
      (problem) => problem.variable,
    );
    expect(variables).toEqual(["SENSORLOOP_S3_ACCESS_KEY_ID", "SENSORLOOP_S3_SECRET_ACCESS_KEY"]);
    expect(loadPlaces({ env: { SENSORLOOP_S3_ENDPOINT: "https://elsewhere" }, dataDir }).configured).toEqual({
      database: false,
      s3: true,
      temporal: false,
    });
  });

  it("says so when the stack's file is damaged", async () => {
    const dataDir = await stateWith({});
    await writeFile(join(dataDir, STATE_FILE), '{"settings": {');
    expect(() => loadConfig({ env: COMPLETE, dataDir })).toThrow("is damaged");
  });

  it("hides every secret in the copy for logs", async () => {
    const text = JSON.stringify(
      redacted(loadConfig({ env: { ...COMPLETE, SENSORLOOP_TEMPORAL_API_KEY: "api-key-of-its-own" }, dataDir: await testFolder() })),
    );
    for (const secret of ["a-password-of-its-own", "key-of-its-own", "secret-of-its-own", "api-key-of-its-own", "abab", "cdcd"])
      expect(text).not.toContain(secret);
    expect(text).toContain("db.internal");
  });
});
