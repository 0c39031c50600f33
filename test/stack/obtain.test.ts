import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { obtain, type Program } from "../../stack/obtain/program.ts";
import { temporalProgram } from "../../stack/obtain/temporal.ts";
import { versitygwProgram } from "../../stack/obtain/versitygw.ts";
import { listenOnLoopback } from "../support/loopback.ts";
import { testFolder } from "../support/services.ts";

const VERSION = "3.1.0";
const SCRIPT = `#!/bin/sh\necho "greeter version ${VERSION}"\n`;

/** How the publisher's server answers for the archive; tests change it. */
let answer: (response: ServerResponse, archive: Buffer) => void;
let asked = 0;
let checksums: string;

const archive = await archiveOf(SCRIPT);
const server = createServer((request, response) => {
  if (request.url === "/checksums.txt") return void response.end(checksums);
  asked += 1;
  answer(response, archive);
});
const { port, close } = await listenOnLoopback(server);
afterAll(close);

beforeEach(() => {
  answer = whole;
  asked = 0;
  checksums = `${createHash("sha256").update(archive).digest("hex")}  greeter.tar.gz\n`;
});

const whole = (response: ServerResponse, bytes: Buffer) => void response.writeHead(200, { "content-length": bytes.length }).end(bytes);
const half = (response: ServerResponse, bytes: Buffer) => {
  response.writeHead(200, { "content-length": bytes.length });
  response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
};

const greeter: Program = {
  name: "greeter",
  version: VERSION,
  versionArguments: ["--version"],
  accepts: (output) => /greeter version (3\.\S+)/.exec(output)?.[1] ?? null,
  release: { archiveUrl: `http://127.0.0.1:${port}/greeter.tar.gz`, checksumsUrl: `http://127.0.0.1:${port}/checksums.txt` },
};

async function archiveOf(script: string): Promise<Buffer> {
  const folder = await testFolder();
  await mkdir(join(folder, "greeter_v3"));
  await writeFile(join(folder, "greeter_v3", "greeter"), script, { mode: 0o755 });
  await promisify(execFile)("tar", ["-czf", join(folder, "a.tar.gz"), "-C", folder, "greeter_v3"]);
  return readFile(join(folder, "a.tar.gz"));
}

function take(cacheDir: string, searchPath = "") {
  return obtain(greeter, { cacheDir, report: () => {}, searchPath });
}

describe("obtaining a program", () => {
  it("downloads it once and finds it in the cache from then on", async () => {
    const cacheDir = await testFolder();
    const first = await take(cacheDir);
    expect(first).toMatchObject({ version: VERSION, origin: "download" });
    expect((await promisify(execFile)(first.path, ["--version"])).stdout).toContain(VERSION);
    expect(await take(cacheDir)).toEqual(first);
    expect(asked).toBe(1);
  });

  it("never takes a half-finished download for a finished one, and leaves nothing of it behind", async () => {
    const cacheDir = await testFolder();
    answer = half;
    await expect(take(cacheDir)).rejects.toMatchObject({ code: "SERVICE_UNOBTAINABLE" });
    expect(await readdir(cacheDir)).toEqual([]);
    answer = whole;
    expect(await take(cacheDir)).toMatchObject({ origin: "download" });
  });

  it("refuses an archive that is not the one its publisher lists", async () => {
    checksums = `${"0".repeat(64)}  greeter.tar.gz\n`;
    await expect(take(await testFolder())).rejects.toThrow(/its publisher says 0000/);
  });

  it("refuses what does not run as the program that was asked for", async () => {
    const other = await archiveOf(SCRIPT.replace("greeter version", "something else"));
    answer = (response) => whole(response, other);
    checksums = `${createHash("sha256").update(other).digest("hex")}  greeter.tar.gz\n`;
    await expect(take(await testFolder())).rejects.toThrow(/not the program/);
  });

  it("ignores what a killed process left in the cache, and removes it", async () => {
    const cacheDir = await testFolder();
    const begun = join(cacheDir, `greeter-${VERSION}.begun-of-a-dead-process`);
    await mkdir(begun);
    await writeFile(join(begun, "greeter"), SCRIPT.slice(0, 12), { mode: 0o755 });
    expect((await take(cacheDir)).path).not.toContain("begun");
    expect(await readdir(cacheDir)).toEqual([`greeter-${VERSION}`]);
  });

  it("fetches a cached program again when it is not as long as it was", async () => {
    const cacheDir = await testFolder();
    await truncate((await take(cacheDir)).path, 7);
    const again = await take(cacheDir);
    expect(asked).toBe(2);
    expect((await promisify(execFile)(again.path, ["--version"])).stdout).toContain(VERSION);
  });

  it("is done once when two ask at the same time", async () => {
    const cacheDir = await testFolder();
    answer = (response, bytes) => void sleep(400).then(() => whole(response, bytes));
    const [one, other] = await Promise.all([take(cacheDir), take(cacheDir)]);
    expect(asked).toBe(1);
    expect(other).toEqual(one);
  });

  it("prefers the PATH, where the version there will do", async () => {
    const cacheDir = await testFolder();
    const [old, good] = [join(cacheDir, "old"), join(cacheDir, "good")];
    for (const [folder, script] of [
      [old, SCRIPT.replace("version 3", "version 1")],
      [good, SCRIPT],
    ] as const) {
      await mkdir(folder);
      await writeFile(join(folder, "greeter"), script);
      await chmod(join(folder, "greeter"), 0o755);
    }
    expect(await take(cacheDir, `${old}:${good}`)).toEqual({ path: join(good, "greeter"), version: VERSION, origin: "path" });
    expect(asked).toBe(0);
  });

  it("says why each way failed", async () => {
    answer = (response) => void response.writeHead(404).end();
    await expect(take(await testFolder())).rejects.toThrow(/download: .*answered 404.*build: it is not built from source/s);
  });
});

describe("the programs' versions", () => {
  it("are read from what they print, and too old a Temporal is refused", () => {
    const temporal = temporalProgram("linux", "x64");
    expect(temporal.accepts("temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)")).toBe("server 1.29.1");
    expect(temporal.accepts("temporal version 1.1.0 (Server 1.25.0, UI 2.30.0)")).toBeNull();
    expect(versitygwProgram("linux", "x64").accepts("Version  : v1.8.0\nBuild    : abc")).toBe("1.8.0");
    expect(versitygwProgram("linux", "x64").accepts("command not known")).toBeNull();
  });

  it("have no download where none is published", () => {
    expect(temporalProgram("sunos", "x64").release).toBeNull();
    expect(versitygwProgram("darwin", "arm64").release?.archiveUrl).toMatch(/Darwin_arm64\.tar\.gz$/);
  });
});
