import { Listr, ListrLogger, ProcessOutput } from "listr2";
import type { Step } from "../stack/up.ts";

/** A line is said again at most this often where it can't replace the one before. */
const QUIET_MS = 10_000;

/**
 * Shows steps that run side by side: on a terminal as a live list, elsewhere as lines. Always on standard error, since
 * standard output belongs to the answer.
 */
export async function presentSteps(steps: readonly Step[]): Promise<void> {
  await (process.stderr.isTTY ? live(steps) : lines(steps));
}

async function live(steps: readonly Step[]): Promise<void> {
  const logger = new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) });
  const works: Promise<unknown>[] = [];
  const tasks = steps.map(({ title, work }) => ({
    title,
    task: (_: unknown, task: { output: string; title: string }) => {
      const working = work((line) => (task.output = line)).then((note) => (task.title = `${title}: ${note}`));
      works.push(working);
      return working;
    },
  }));
  // One that fails must not leave the others behind unwatched: all come to their end before the first failure is told.
  await new Listr(tasks, {
    concurrent: true,
    exitOnError: false,
    registerSignalListeners: false,
    renderer: "default",
    rendererOptions: { logger },
  }).run();
  throwFirst(await Promise.allSettled(works));
}

async function lines(steps: readonly Step[]): Promise<void> {
  const results = await Promise.allSettled(
    steps.map(async ({ title, work }) => {
      let told = 0;
      const say = (text: string) => void process.stderr.write(`${title}: ${text}\n`);
      const note = await work((line) => {
        if (Date.now() - told < QUIET_MS) return;
        told = Date.now();
        say(line);
      });
      say(note);
    }),
  );
  throwFirst(results);
}

function throwFirst(results: readonly PromiseSettledResult<unknown>[]): void {
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason as Error;
}
