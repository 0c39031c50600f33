import { execFile, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { access, mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { openPromise } from "yauzl";
import type { Report } from "../service.ts";

/** The newest whose C API tfjs-node 4.22 was seen to work with. */
export const TENSORFLOW_VERSION = "2.18.1";

const WHEELS: Readonly<Record<string, { readonly name: string; readonly platform: string }>> = {
  x64: { name: "tensorflow-cpu", platform: "manylinux_2_17_x86_64" },
  arm64: { name: "tensorflow", platform: "manylinux_2_17_aarch64" },
};
const LIBRARIES = /^tensorflow\/(libtensorflow_(?:cc|framework)\.so\.2)$/;
const HEADERS = /^tensorflow\/(include\/.+)$/;

/**
 * Fetches TensorFlow's libraries and headers from the Python package index, with its ordinary client, into `folder`
 * (`lib/`, `include/`): a wheel is a zip that holds both. Some 230 MB to fetch, 700 MB on disk.
 */
export async function fetchWheel(folder: string, report: Report): Promise<void> {
  const wheel = process.platform === "linux" ? WHEELS[process.arch] : undefined;
  if (!wheel) throw new Error(`no wheel is known for ${process.platform} on ${process.arch}`);
  const downloads = join(folder, "wheel");
  await mkdir(downloads, { recursive: true });
  await pipDownload(wheel, downloads, report);
  const name = (await readdir(downloads)).find((file) => file.endsWith(".whl"));
  if (!name) throw new Error("pip ended without a wheel");
  report("unpacking TensorFlow");
  await unpack(join(downloads, name), folder);
  await rm(downloads, { recursive: true });
  for (const library of ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"]) {
    await access(join(folder, "lib", library)).catch(() => Promise.reject(new Error(`the wheel holds no ${library}`)));
  }
}

async function pipDownload(wheel: { name: string; platform: string }, into: string, report: Report): Promise<void> {
  const python = await findPython();
  // Whichever Python is here: the wheel is asked for by platform, since only its libraries are used.
  const target = ["--only-binary", ":all:", "--platform", wheel.platform, "--python-version", "3.11"];
  const args = [
    "-m",
    "pip",
    "download",
    "--no-deps",
    "--progress-bar",
    "off",
    "--dest",
    into,
    ...target,
    `${wheel.name}==${TENSORFLOW_VERSION}`,
  ];
  const pip = spawn(python, args, { stdio: ["ignore", "ignore", "pipe"] });
  const since = Date.now();
  const told = setInterval(
    () => report(`fetching TensorFlow ${TENSORFLOW_VERSION} with pip (230 MB): ${Math.round((Date.now() - since) / 1000)} s`),
    1_000,
  );
  let said = "";
  pip.stderr.on("data", (data: Buffer) => (said = (said + data.toString()).slice(-2_000)));
  try {
    const code = await new Promise((resolve, reject) => pip.once("error", reject).once("close", resolve));
    if (code !== 0) throw new Error(`pip says: ${said.trim().split("\n").at(-1) ?? `code ${String(code)}`}`);
  } finally {
    clearInterval(told);
  }
}

async function findPython(): Promise<string> {
  for (const python of ["python3", "python"]) {
    const works = await promisify(execFile)(python, ["-m", "pip", "--version"]).then(
      () => true,
      () => false,
    );
    if (works) return python;
  }
  throw new Error("there is no Python with pip");
}

async function unpack(wheel: string, folder: string): Promise<void> {
  const zip = await openPromise(wheel);
  const made = new Set<string>();
  // yauzl refuses names that lead out of the archive.
  for await (const entry of zip.eachEntry()) {
    const library = LIBRARIES.exec(entry.fileName)?.[1];
    const wanted = library === undefined ? HEADERS.exec(entry.fileName)?.[1] : join("lib", library);
    if (wanted === undefined || wanted.endsWith("/")) continue;
    const path = join(folder, wanted);
    if (!made.has(dirname(path))) await mkdir(dirname(path), { recursive: true });
    made.add(dirname(path));
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path));
  }
}
