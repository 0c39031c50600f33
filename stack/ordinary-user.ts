import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chownSync } from "node:fs";
import { lstat, mkdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SensorloopError } from "../lib/domain/errors.ts";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Postgres refuses to run as root, so root runs it as nobody, who is on every system. Undefined for everyone else. */
export function ordinaryUser(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

export function giveTo(owner: Owner | undefined, path: string): void {
  if (owner) chownSync(path, owner.uid, owner.gid);
}

/**
 * A folder in which `owner` can work: `wanted`, or, where a folder above it is closed to others (/root is), one under
 * the system's folder for lasting temporary files, named after `wanted` and the installation's secret, so that this
 * installation finds it again and one that is made anew at the same place does not.
 */
export async function reachableFolder(wanted: string, secret: string, owner: Owner | undefined): Promise<string> {
  if (!owner || (await isReachable(wanted))) return wanted;
  const lasting = (await isReachable("/var/tmp").catch(() => false)) ? "/var/tmp" : tmpdir();
  const folder = join(lasting, `sensorloop-${createHash("sha256").update(`${wanted}\0${secret}`).digest("hex").slice(0, 12)}`);
  await mkdir(folder, { recursive: true, mode: 0o711 });
  // Anyone may create names there: a folder that somebody else prepared is not used.
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0) {
    throw new SensorloopError(
      "CONFIG_INVALID",
      `${folder} belongs to somebody else; set SENSORLOOP_DATA_DIR to a folder that user nobody can reach`,
    );
  }
  return folder;
}

/** Whether every folder from the root down to `path` may be passed through by others. */
export async function isReachable(path: string): Promise<boolean> {
  if (((await stat(path)).mode & 0o001) === 0) return false;
  return dirname(path) === path || isReachable(dirname(path));
}
