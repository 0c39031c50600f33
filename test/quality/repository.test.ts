import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { variablesSchema } from "../../lib/config-variables.ts";
import { ERRORS } from "../../lib/domain/errors.ts";
import { STAGES } from "../../lib/domain/stages.ts";
import { ROOT } from "./small-tree.ts";

/** What is in git or about to be. */
const paths = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: ROOT, encoding: "utf8" })
  .split("\0")
  .filter((path) => path !== "" && existsSync(join(ROOT, path)));
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const BINARY = /\.(png|jpe?g|gif|ico|woff2?|gz|zip|parquet)$/;
/** In pieces, so that this file names none either. */
const INDEXES = [
  ["registry", "npmjs"],
  ["registry", "yarnpkg"],
  ["pypi", "org"],
  ["files", "pythonhosted"],
  ["proxy", "golang"],
  ["repo1?", "maven"],
  ["deb", "debian"],
];
const SOURCE = /\.(ts|tsx|mjs|cjs|js)$/;
const texts = paths.filter((path) => !BINARY.test(path)).map((path) => [path, read(path)] as const);
const production = texts.filter(([path]) => SOURCE.test(path) && !/^(test|bench)\//.test(path));
const docs = texts.filter(([path]) => path === "README.md" || path.startsWith("docs/"));
const topFolders = [...new Set(paths.filter((path) => path.includes("/")).map((path) => path.slice(0, path.indexOf("/"))))];

describe("the repository", () => {
  it("names no path of somebody's machine", () => {
    const foreign = /(?<![\w.-])\/(?:home|Users|root|work|mnt|farm)\/\w|(?<![\w.-])\/tmp\/dev\b|[A-Z]:\\\\?Users/;
    const found = texts.flatMap(([path, text]) =>
      text.split("\n").flatMap((line, index) => (foreign.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
    );
    expect(found).toEqual([]);
  });

  it("names no package index: each tool's own settings say where packages come from", () => {
    const index = new RegExp(INDEXES.map((words) => words.join("\\.")).join("|"));
    expect(texts.filter(([, text]) => index.test(text)).map(([path]) => path)).toEqual([]);
  });

  it("holds no file over 500 KB: data and programs are fetched, not kept", () => {
    const large = paths.filter((path) => statSync(join(ROOT, path)).size > 500_000);
    expect(large).toEqual([]);
  });

  it("says in a README of each top folder what belongs there", () => {
    const without = topFolders.filter((folder) => !folder.startsWith(".") && !existsSync(join(ROOT, folder, "README.md")));
    expect(without).toEqual([]);
  });

  it("leaves nothing half done in the open", () => {
    const marker = new RegExp(`\\b(?:TO${"DO"}|FIX${"ME"}|XX${"X"})\\b`);
    expect(production.filter(([, text]) => marker.test(text)).map(([path]) => path)).toEqual([]);
  });
});

describe("the docs", () => {
  it("that are named anywhere are there", () => {
    const named = texts.flatMap(([path, text]) => [...text.matchAll(/\bdocs\/[\w/-]+\.md\b/g)].map(([doc]) => [path, doc] as const));
    expect(named.filter(([, doc]) => !existsSync(join(ROOT, doc)))).toEqual([]);
  });

  it("have links that lead to files that are there", () => {
    const all = texts.filter(([path]) => path.endsWith(".md"));
    const broken = all.flatMap(([path, text]) =>
      [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].flatMap(([, target = ""]) =>
        existsSync(join(ROOT, path, "..", target)) ? [] : [`${path}: ${target}`],
      ),
    );
    expect(broken).toEqual([]);
  });

  it("describe every variable that is read, and no other", () => {
    const mentioned = (text: string) => text.match(/\bSENSORLOOP_[A-Z0-9_]+\b/g) ?? [];
    const whole = (text: string) => mentioned(text).filter((name) => !name.endsWith("_"));
    const inCode = [...new Set([...Object.keys(variablesSchema.shape), ...production.flatMap(([, text]) => whole(text))])];
    const operations = read("docs/operations.md");
    expect(inCode.filter((name) => !operations.includes(`\`${name}\``))).toEqual([]);
    const anywhere = new Set([
      ...inCode,
      ...texts.filter(([path]) => /^(docker|test|bench)\//.test(path)).flatMap(([, text]) => whole(text)),
    ]);
    const unknown = docs.flatMap(([path, text]) =>
      whole(text)
        .filter((name) => !anywhere.has(name))
        .map((name) => `${path}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  it("name every stage of a run", () => {
    const architecture = read("docs/architecture.md");
    expect(STAGES.filter((stage) => !architecture.includes(`\`${stage}\``))).toEqual([]);
  });

  it("name npm scripts that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const named = docs.flatMap(([, text]) => [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = ""]) => name));
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });
});

describe("the error catalogue", () => {
  it("has no entry that nothing raises", () => {
    const raised = production
      .filter(([path]) => path !== "lib/domain/errors.ts")
      .map(([, text]) => text)
      .join("\n");
    expect(Object.keys(ERRORS).filter((code) => !raised.includes(`"${code}"`))).toEqual([]);
  });

  it("has a remedy that is a sentence for every entry", () => {
    for (const [code, { remedy }] of Object.entries(ERRORS)) expect(remedy, code).toMatch(/^[A-Z].{15,}\.$/);
  });
});
