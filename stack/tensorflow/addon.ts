import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { TfjsNode } from "./package-folder.ts";

const COMPILE_MS = 10 * 60_000;

/** Names by which the linker, the addon and the libraries themselves ask for the two files. */
const LINKS: Readonly<Record<string, string>> = {
  "libtensorflow_cc.so.2": "libtensorflow_cc.so.2",
  "libtensorflow_framework.so.2": "libtensorflow_framework.so.2",
  "libtensorflow.so.2": "libtensorflow_cc.so.2",
  "libtensorflow.so": "libtensorflow_cc.so.2",
  "libtensorflow_framework.so": "libtensorflow_framework.so.2",
};

/**
 * Compiles the package's two source files against the libraries and headers in `cached` (`lib/`, `include/`) into the
 * file `addon`: five seconds of g++, and nothing of node-gyp's needs (Python, make, a download of Node's headers). N-API
 * makes it fit every Node.
 */
export async function compileAddon(tfjsNode: TfjsNode, cached: string, addon: string): Promise<void> {
  const headers = join(dirname(createRequire(import.meta.url).resolve("node-api-headers/package.json")), "include");
  const sources = (await readdir(join(tfjsNode.folder, "binding"))).filter((name) => name.endsWith(".cc"));
  const linkFolder = join(cached, "link");
  await linkLibraries(cached, linkFolder);
  const args = [
    ...["-std=c++17", "-O2", "-fPIC", "-shared", "-DNAPI_VERSION=8", "-DNODE_GYP_MODULE_NAME=tfjs_binding", "-DBUILDING_NODE_EXTENSION"],
    ...["-I", headers, "-I", join(cached, "include"), "-I", tfjsNode.folder],
    ...sources.map((name) => join(tfjsNode.folder, "binding", name)),
    ...["-L", linkFolder, "-ltensorflow", "-ltensorflow_framework", "-Wl,-rpath,$ORIGIN/../../deps/lib", "-o", addon],
  ];
  await mkdir(dirname(addon), { recursive: true });
  try {
    await promisify(execFile)("g++", args, { timeout: COMPILE_MS });
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    throw new Error(code === "ENOENT" ? "there is no g++" : `g++ says: ${(stderr ?? "").trim().split("\n").at(-1) ?? "nothing"}`, {
      cause: error,
    });
  } finally {
    await rm(linkFolder, { recursive: true, force: true });
  }
}

/** Puts the addon into the package, and links to the libraries beside it: a second clone costs no second 700 MB. */
export async function installAddon(tfjsNode: TfjsNode, cached: string, addon: string): Promise<void> {
  await linkLibraries(cached, tfjsNode.libraries);
  await mkdir(dirname(tfjsNode.addon), { recursive: true });
  await cp(addon, `${tfjsNode.addon}.new`);
  await rename(`${tfjsNode.addon}.new`, tfjsNode.addon);
}

async function linkLibraries(cached: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, library] of Object.entries(LINKS)) {
    const target = join(cached, "lib", library);
    const path = join(folder, name);
    if ((await readlink(path).catch(() => null)) === target) continue;
    await rm(path, { force: true });
    await symlink(target, path);
  }
}
