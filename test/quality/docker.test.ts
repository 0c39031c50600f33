import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { variablesSchema } from "../../lib/config-variables.ts";
import { ROOT } from "./small-tree.ts";

const docker = (name: string) => join(ROOT, "docker", name);
const compose = readFileSync(docker("compose.yaml"), "utf8");
const services = (parse(compose, { merge: true }) as { services: Record<string, Service> }).services;
const dockerfile = readFileSync(docker("Dockerfile"), "utf8");
const exampleNames = [...readFileSync(docker(".env.example"), "utf8").matchAll(/^([A-Z0-9_]+)=(.*)$/gm)];

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly disable?: boolean };
  readonly restart?: string;
}

describe("compose.yaml", () => {
  const variables = [...compose.matchAll(/\$\{([A-Z0-9_]+)([^}]*)\}/g)].map(([, name = "", rule = ""]) => ({ name, rule }));

  it("has a default for no variable: compose stops and names what is missing", () => {
    expect(variables.length).toBeGreaterThan(10);
    for (const { name, rule } of variables) expect(rule, name).toMatch(/^:\?./);
  });

  it("writes no secret down: whatever sounds like one is taken from the environment", () => {
    const settings = Object.values(services).flatMap(({ environment = {} }) => Object.entries(environment));
    const secrets = settings.filter(([name]) => /PASSWORD|PWD|SECRET|PEPPER|KEY|TOKEN/.test(name));
    expect(secrets.length).toBeGreaterThan(5);
    for (const [name, value] of secrets) expect(value, name).toMatch(/^\$\{[A-Z0-9_]+:\?.+\}$/);
    for (const [name, value] of settings) expect(value, name).not.toMatch(/:\/\/[^/]*:(?!\$\{)[^/@]+@/);
  });

  it("and .env.example name the same variables, which are described there and left empty", () => {
    expect(exampleNames.map(([, name]) => name).toSorted()).toEqual([...new Set(variables.map(({ name }) => name))].toSorted());
    for (const [line, name, value] of exampleNames) expect(value, `${name} in ${line}`).toBe("");
  });

  it("sets no variable of Sensorloop that Sensorloop does not read", () => {
    const ours = Object.values(services).flatMap(({ environment = {} }) => Object.keys(environment));
    const known = new Set([...Object.keys(variablesSchema.shape), "SENSORLOOP_DATABASE_PASSWORD"]);
    expect(ours.filter((name) => name.startsWith("SENSORLOOP_") && !known.has(name))).toEqual([]);
  });

  it("pins every image to a version", () => {
    const images = [
      ...Object.values(services).map(({ image }) => image),
      ...[...dockerfile.matchAll(/^FROM (\S+[/:]\S+)/gm)].map(([, image = ""]) => image),
    ];
    expect(images.length).toBeGreaterThan(10);
    for (const image of images.filter((name) => !name.startsWith("sensorloop:"))) expect(image).toMatch(/^[a-z0-9./-]+:v?\d+\.\d+[\w.-]*$/);
  });

  it("opens ports on the loopback only, and watches the health of whatever keeps running and is asked for by another", () => {
    for (const port of Object.values(services).flatMap(({ ports = [] }) => ports)) expect(port).toMatch(/^127\.0\.0\.1:/);
    const awaited = [...compose.matchAll(/^ {6}(\w[\w-]*):\n {8}condition: service_healthy/gm)].map(([, name = ""]) => name);
    expect(awaited).toContain("postgres");
    for (const name of awaited) expect(services[name]?.healthcheck, name).toBeDefined();
  });

  it("passes dclint", () => {
    const found = spawnSync(
      process.execPath,
      [join(ROOT, "node_modules/.bin/dclint"), "-c", docker(".dclintrc.yaml"), docker("compose.yaml")],
      {
        encoding: "utf8",
      },
    );
    expect(`${found.stdout}${found.stderr}`.trim()).toBe("");
    expect(found.status).toBe(0);
  });
});

describe("Dockerfile", () => {
  const stage = (name: string) =>
    new RegExp(`^FROM \\S+ AS ${name}\\n([\\s\\S]*?)(?=^FROM |$(?![\\s\\S]))`, "m").exec(dockerfile)?.[1] ?? "";

  it.each(["light", "cuda"])("%s runs as an ordinary user and watches its health", (name) => {
    expect(stage(name)).toMatch(/^USER (?!0|root)\d+:\d+$/m);
    expect(stage(name)).toMatch(/^HEALTHCHECK /m);
  });

  it("copies nothing that is not in the repository", () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = ""]) => sources.split(" "));
    const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: ROOT, encoding: "utf8" }).split(
      "\n",
    );
    for (const source of copied)
      expect(
        tracked.some((path) => path === source || path.startsWith(`${source}/`)),
        source,
      ).toBe(true);
  });

  const hadolint = process.env["HADOLINT_BIN"] ?? "hadolint";
  const available = spawnSync(hadolint, ["--version"]).status === 0;
  it.skipIf(!available)("passes hadolint", () => {
    const found = spawnSync(hadolint, [docker("Dockerfile")], { encoding: "utf8" });
    expect(`${found.stdout}${found.stderr}`.trim()).toBe("");
  });
});
