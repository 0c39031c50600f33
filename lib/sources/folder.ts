import { lstat, readdir } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { SensorloopError } from "../domain/errors.ts";

export interface LocalFile {
  readonly path: string;
  /** Its place inside the folder that was named, with `/`; the file's own name where a file was named. */
  readonly name: string;
  readonly bytes: number;
}

/**
 * The files at a path: itself, or all of a folder and its folders in the order of their names. Hidden files are left
 * out, and links are not followed: what a folder holds is what lies in it.
 * @throws SensorloopError NO_FILES
 */
export async function filesAt(path: string): Promise<LocalFile[]> {
  const about = await lstat(path).catch((cause: unknown) => {
    throw new SensorloopError("NO_FILES", `'${path}' cannot be read: ${(cause as Error).message}`, { cause, facts: { path } });
  });
  if (about.isFile()) return [{ path, name: basename(path), bytes: about.size }];
  const files = about.isDirectory() ? await walk(path, path) : [];
  if (files.length === 0) throw new SensorloopError("NO_FILES", `there is no file in '${path}'`, { facts: { path } });
  return files;
}

async function walk(root: string, folder: string): Promise<LocalFile[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found: LocalFile[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await walk(root, path)));
    if (entry.isFile()) found.push({ path, name: relative(root, path).split(sep).join("/"), bytes: (await lstat(path)).size });
  }
  return found;
}
