import { execFile } from "node:child_process";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { testFolder } from "../support/services.ts";

const BIN = join(import.meta.dirname, "../../bin");
/** Makes the launcher believe that it runs on a Node that can't read TypeScript. */
const ON_NODE_20 = `data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})`;

interface Clone {
  readonly folder: string;
  /** What npm was asked to do, a line a call. */
  asked(): Promise<string[]>;
  run(...nodeOptions: string[]): Promise<{ readonly code: number; readonly stderr: string }>;
}

type Packages = Readonly<Record<string, { readonly version: string; readonly optional?: boolean; readonly dev?: boolean }>>;

/** A folder with the launcher, these two lists of packages, and a program that stands in for npm and writes down its calls. */
async function clone(locked: Packages, installed?: Packages): Promise<Clone> {
  const folder = await testFolder();
  await cp(BIN, join(folder, "bin"), { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "clone", type: "module" }));
  await writeFile(join(folder, "package-lock.json"), JSON.stringify({ packages: { "": { name: "clone" }, ...locked } }));
  await mkdir(join(folder, "node_modules"));
  if (installed) await writeFile(join(folder, "node_modules", ".package-lock.json"), JSON.stringify({ packages: installed }));
  // `npm install --prefix F node-...` is answered with a link to the Node that runs the tests.
  const npm = `
    const { appendFileSync, mkdirSync, symlinkSync } = require("node:fs");
    const args = process.argv.slice(2);
    appendFileSync(${JSON.stringify(join(folder, "asked"))}, args.join(" ") + "\\n");
    const at = args.indexOf("--prefix");
    if (at >= 0) {
      const bin = args[at + 1] + "/node_modules/" + args.at(-1).split("@")[0] + "/bin";
      mkdirSync(bin, { recursive: true });
      symlinkSync(process.execPath, bin + "/node");
    }`;
  await writeFile(join(folder, "npm.cjs"), npm);
  const env = { ...process.env, npm_execpath: join(folder, "npm.cjs"), SENSORLOOP_CACHE_DIR: join(folder, "cache") };
  return {
    folder,
    asked: async () => (await readFile(join(folder, "asked"), "utf8").catch(() => "")).split("\n").filter(Boolean),
    async run(...nodeOptions) {
      try {
        const { stderr } = await promisify(execFile)(process.execPath, [...nodeOptions, join(folder, "bin", "run.mjs"), "nothing"], {
          env,
        });
        return { code: 0, stderr };
      } catch (error) {
        return error as { code: number; stderr: string };
      }
    },
  };
}

const AS_LOCKED: Packages = { "node_modules/a": { version: "1.0.0" }, "node_modules/b": { version: "2.0.0" } };

describe("the launcher", () => {
  it("installs the packages of a fresh clone, and goes on", async () => {
    const { run, asked } = await clone(AS_LOCKED);
    expect(await run()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/not installed yet: npm ci\n.*there is no program 'nothing'/),
    });
    expect(await asked()).toEqual(["ci --no-audit --no-fund"]);
  });

  it("installs them again when the lock file asks for another version, or for one more", async () => {
    const older = await clone(AS_LOCKED, { ...AS_LOCKED, "node_modules/b": { version: "1.9.0" } });
    expect((await older.run()).stderr).toContain("the lock file asks for b 2.0.0: npm ci");
    const fewer = await clone(AS_LOCKED, { "node_modules/a": { version: "1.0.0" } });
    expect((await fewer.run()).stderr).toContain("the lock file asks for b 2.0.0: npm ci");
  });

  it("leaves them alone when they are as locked, whatever the files' times say", async () => {
    const other: Packages = { ...AS_LOCKED, "node_modules/for-another-system": { version: "1.0.0", optional: true } };
    const { run, asked } = await clone(other, AS_LOCKED);
    await run();
    expect(await asked()).toEqual([]);
  });

  it("fetches a newer Node once on an old one, and runs the command with it", async () => {
    const { run, asked, folder } = await clone(AS_LOCKED, AS_LOCKED);
    const first = await run("--import", ON_NODE_20);
    expect(first.stderr).toContain(
      `this is Node ${process.version}; Node 24 is fetched from the package index into ${join(folder, "cache")}`,
    );
    expect(first.stderr).toContain("there is no program 'nothing'");
    expect(await run("--import", ON_NODE_20)).toMatchObject({ code: 1, stderr: "sensorloop: there is no program 'nothing'\n" });
    expect(await asked()).toHaveLength(1);
  });
});
