import { spawn } from "node:child_process";
import { join } from "node:path";
import { stackCommands } from "../../cli/commands/stack.ts";
import { nounCommands } from "../../cli/nouns.ts";
import { runProgram, sensorloop } from "../../cli/program.ts";

const MAIN = join(import.meta.dirname, "../../cli/main.ts");

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The one document on standard output; throws where there is another number of them. */
  json<Shape = Record<string, unknown>>(): Shape;
}

/** Runs `sensorloop` in a process of its own, with nothing of this process' configuration. */
export function asProcess(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
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

/**
 * As `asProcess` within this process, which spares the second that a start takes: for answers, one call after another.
 * That a process ends, that it gets its last byte out and with which code it goes, only a process can show.
 */
export async function inProcess(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const texts = { stdout: "", stderr: "" };
  const before = { env: process.env, exitCode: process.exitCode };
  const restore = (["stdout", "stderr"] as const).map((name) => {
    const stream = process[name];
    const write = stream.write.bind(stream);
    stream.write = (text: string | Uint8Array, ...rest: unknown[]) => {
      texts[name] += typeof text === "string" ? text : Buffer.from(text).toString();
      (rest.at(-1) as (() => void) | undefined)?.();
      return true;
    };
    return () => void (stream.write = write);
  });
  process.env = { ...Object.fromEntries(Object.entries(before.env).filter(([name]) => !name.startsWith("SENSORLOOP_"))), ...env };
  process.exitCode = undefined;
  try {
    await runProgram(sensorloop([...stackCommands(), ...nounCommands()]), args);
    return { code: Number(process.exitCode ?? 0), ...texts, json: () => onlyDocument(texts.stdout) };
  } finally {
    process.env = before.env;
    process.exitCode = before.exitCode;
    for (const undo of restore) undo();
  }
}

function onlyDocument<Shape>(stdout: string): Shape {
  if (!/^[^\n]+\n$/.test(stdout)) throw new Error(`standard output is not one line: ${stdout.slice(0, 500)}`);
  return JSON.parse(stdout) as Shape;
}
