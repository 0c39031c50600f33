import { spawn, type ChildProcess } from "node:child_process";
import { watchMemory, type MemoryPeak } from "./memory.ts";

export interface CommandOptions {
  readonly cwd?: string;
  /** On top of this process's own environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Gets each line of standard error as it comes. */
  readonly progress?: (line: string) => void;
  /** Processes whose memory counts as well: services that work for the command. */
  readonly alsoCount?: readonly number[];
  readonly timeoutMs?: number;
}

export interface CommandOutcome {
  /** From spawn to exit, as its user waits for it. */
  readonly seconds: number;
  readonly stdout: string;
  readonly memory: MemoryPeak | null;
}

const running = new Set<ChildProcess>();

/** Asks every command that runs to end; each then fails where it is awaited. */
export function stopCommands(): void {
  for (const child of running) child.kill("SIGTERM");
}

/** Runs a command to its end, timed and its memory watched. @throws Error with the end of its standard error where it fails */
export async function runCommand(program: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandOutcome> {
  const begun = performance.now();
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: options.timeoutMs,
  });
  running.add(child);
  const ended = new Promise<number | string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? signal ?? "no code"));
  });
  const memory = child.pid === undefined ? null : watchMemory([child.pid, ...(options.alsoCount ?? [])]);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-8_000);
    if (options.progress) for (const line of text.split("\n")) if (line.trim()) options.progress(line);
  });
  try {
    const code = await ended;
    const seconds = (performance.now() - begun) / 1000;
    if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${stderr}${stdout.slice(-2_000)}`);
    return { seconds, stdout, memory: memory?.stop() ?? null };
  } finally {
    running.delete(child);
    memory?.stop();
  }
}

/** The last line of standard output as JSON: what our commands and the peers' scripts end with. */
export function lastJson<T>(outcome: Pick<CommandOutcome, "stdout">): T {
  const text = outcome.stdout.trim();
  try {
    return JSON.parse(text) as T;
  } catch {
    return JSON.parse(text.split("\n").pop() ?? "") as T;
  }
}
