import { execFile } from "node:child_process";
import { access, constants, readFile, stat, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { SensorloopError } from "../../lib/domain/errors.ts";
import { withLock } from "../lock.ts";
import { makeWhole } from "../make-whole.ts";
import type { Report } from "../service.ts";
import { downloadProgram, type Release } from "./download.ts";
import { goInstall } from "./go-install.ts";

/** A program the stack needs: how to know it, and where it comes from when it is not here. */
export interface Program {
  readonly name: string;
  /** The version that is fetched; another on the PATH is taken when `accepts` says so. */
  readonly version: string;
  readonly versionArguments: readonly string[];
  /** The version read from what the program prints about itself, or null when this one will not do. */
  readonly accepts: (output: string) => string | null;
  /** Null where none is published for this platform. */
  readonly release: Release | null;
  /** `module/path@v1.2.3` */
  readonly goPackage?: string;
}

export interface Obtained {
  readonly path: string;
  readonly version: string;
  readonly origin: "path" | "download" | "build";
}

export interface ObtainOptions {
  readonly cacheDir: string;
  readonly report: Report;
  /** Folders searched, as in PATH. */
  readonly searchPath?: string;
}

const manifestSchema = z.object({ version: z.string(), origin: z.enum(["download", "build"]), bytes: z.number() });
type Manifest = z.infer<typeof manifestSchema>;
const VERSION_MS = 20_000;

/**
 * On the PATH, else in the cache, else downloaded, else built from the package index of its language. What is fetched is
 * put under its final name only when it is whole and has run once.
 * @throws SensorloopError SERVICE_UNOBTAINABLE saying why each of the ways failed
 */
export async function obtain(program: Program, options: ObtainOptions): Promise<Obtained> {
  const found = (await onPath(program, options.searchPath ?? process.env["PATH"] ?? "")) ?? (await inCache(program, options.cacheDir));
  if (found) return found;
  const lock = `${folderOf(program, options.cacheDir)}.lock`;
  return withLock(
    lock,
    async () => (await inCache(program, options.cacheDir)) ?? fetchProgram(program, options),
    () => {
      options.report(`another process is fetching ${program.name}; waiting for it`);
    },
  );
}

async function fetchProgram(program: Program, { cacheDir, report }: ObtainOptions): Promise<Obtained> {
  const folder = folderOf(program, cacheDir);
  const ways = [
    { origin: "download", fetch: (into: string) => downloadProgram(program.release, program.name, into, report) },
    { origin: "build", fetch: (into: string) => goInstall(program.goPackage, into, report) },
  ] as const;
  const refusals: string[] = [];
  for (const { origin, fetch } of ways) {
    try {
      let version: string | null = null;
      await makeWhole(folder, async (begun) => {
        await fetch(begun);
        version = await versionOf(program, join(begun, program.name));
        if (version === null) throw new Error("what came is not the program that was asked for");
        const { size } = await stat(join(begun, program.name));
        await writeFile(join(begun, "manifest.json"), JSON.stringify({ version, origin, bytes: size } satisfies Manifest));
      });
      return { path: join(folder, program.name), version: version ?? program.version, origin };
    } catch (error) {
      refusals.push(`${origin}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new SensorloopError(
    "SERVICE_UNOBTAINABLE",
    `${program.name} ${program.version} is not on the PATH and cannot be fetched (${refusals.join("; ")})`,
    {
      facts: { program: program.name, refusals },
    },
  );
}

async function onPath(program: Program, searchPath: string): Promise<Obtained | null> {
  for (const folder of searchPath.split(delimiter).filter((part) => part !== "")) {
    const path = join(folder, program.name);
    const there = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!there) continue;
    const version = await versionOf(program, path).catch(() => null);
    if (version !== null) return { path, version, origin: "path" };
  }
  return null;
}

async function inCache(program: Program, cacheDir: string): Promise<Obtained | null> {
  const folder = folderOf(program, cacheDir);
  try {
    const manifest = manifestSchema.parse(JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")));
    const path = join(folder, program.name);
    if ((await stat(path)).size !== manifest.bytes) return null;
    return { path, version: manifest.version, origin: manifest.origin };
  } catch {
    return null;
  }
}

async function versionOf(program: Program, path: string): Promise<string | null> {
  const { stdout, stderr } = await promisify(execFile)(path, [...program.versionArguments], { timeout: VERSION_MS });
  return program.accepts(`${stdout}\n${stderr}`);
}

function folderOf(program: Program, cacheDir: string): string {
  return join(cacheDir, `${program.name}-${program.version}`);
}
