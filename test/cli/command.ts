import { spawn } from "node:child_process";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "../../cli/main.ts");

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The one document on standard output; throws where there is another number of them. */
  json<Shape = Record<string, unknown>>(): Shape;
}

/** Runs `sensorloop` in a process of its own, with nothing of this process' configuration. */
export function sensorloop(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SENSORLOOP_")));
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...inherited, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const texts = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (text: string) => (texts[stream] += text));
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code) => done({ code, ...texts, json: () => onlyDocument(texts.stdout) }));
  });
}

function onlyDocument<Shape>(stdout: string): Shape {
  if (!/^[^\n]+\n$/.test(stdout)) throw new Error(`standard output is not one line: ${stdout.slice(0, 500)}`);
  return JSON.parse(stdout) as Shape;
}
