import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { access, cp, rename, rm } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Report } from "../service.ts";
import type { TfjsNode } from "./package-folder.ts";

/** Where the package's installer gets libraries and addon from. */
const HOST = "https://storage.googleapis.com/";
const REACH_MS = 10_000;
const INSTALL_MS = 10 * 60_000;

/**
 * Runs the package's own installer, on a copy beside it: it begins by deleting what is there, and leaves half of it when
 * it fails.
 */
export async function runOwnInstaller(tfjsNode: TfjsNode, report: Report): Promise<void> {
  await fetch(HOST, { method: "HEAD", signal: AbortSignal.timeout(REACH_MS) }).catch(() => {
    throw new Error(`${new URL(HOST).host} cannot be reached`);
  });
  report("downloading TensorFlow with tfjs-node's own installer");
  // Beside it, so that the copy finds the same packages above.
  const copy = `${tfjsNode.folder}.begun-${randomUUID()}`;
  try {
    await cp(tfjsNode.folder, copy, {
      recursive: true,
      filter: (path) => !["deps", "lib"].some((name) => path === join(tfjsNode.folder, name)),
    });
    const programs = join(dirname(dirname(tfjsNode.folder)), ".bin");
    const env = { ...process.env, PATH: `${programs}${delimiter}${process.env["PATH"] ?? ""}` };
    await promisify(execFile)(process.execPath, ["scripts/install.js"], { cwd: copy, env, timeout: INSTALL_MS });
    await access(join(copy, "lib"));
    for (const name of ["deps", "lib"]) {
      await rm(join(tfjsNode.folder, name), { recursive: true, force: true });
      await rename(join(copy, name), join(tfjsNode.folder, name));
    }
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new Error((stderr ?? "").trim().split("\n").at(-1) || message, { cause: error });
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
