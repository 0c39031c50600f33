import { userInfo } from "node:os";
import type { Command } from "commander";
import { loadConfig } from "../lib/config.ts";
import { SensorloopError } from "../lib/domain/errors.ts";
import { openPlatform, type Platform } from "../lib/platform.ts";
import { failureText } from "./failure.ts";

/** What a verb is given to work with. */
export interface Session {
  readonly json: boolean;
  /** Who is written into the journal for what is done here. */
  readonly actor: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Opened at the first call, closed after the verb. @throws SensorloopError CONFIG_INVALID */
  platform(): Platform;
  /** A line for the person who waits; standard error. */
  note(text: string): void;
}

/** What a verb has to say: the document for `--json`, the text otherwise. `failed` is for answers that are no success. */
export interface Answer {
  readonly value: unknown;
  readonly text: string;
  readonly failed?: boolean;
}

/**
 * Makes a commander action of a verb: opens, runs, prints one answer, closes, and sets the exit code: 0 done, 1 failed.
 * (Wrong use is 2 and never gets here.) With `--json` standard output carries exactly one JSON document, also for an error.
 */
export function verb<Arguments extends unknown[]>(
  work: (session: Session, ...args: Arguments) => Promise<Answer>,
): (...args: [...Arguments, Command]) => Promise<void> {
  return async (...all) => {
    const command = all.at(-1) as Command;
    const args = all.slice(0, -1) as unknown as Arguments;
    const json = command.optsWithGlobals<{ json?: boolean }>().json === true;
    const stop = new AbortController();
    const interrupt = () => stop.abort(new SensorloopError("CANCELLED", "interrupted"));
    process.once("SIGINT", interrupt);
    let platform: Platform | undefined;
    const session: Session = {
      json,
      actor: `cli:${userName()}`,
      signal: stop.signal,
      platform: () => (platform ??= openPlatform(loadConfig())),
      note: (text) => void process.stderr.write(`${text}\n`),
    };
    try {
      const answer = await work(session, ...args);
      await print(json ? JSON.stringify(answer.value) : answer.text);
      if (answer.failed) process.exitCode = 1;
    } catch (error) {
      process.exitCode = 1;
      const report =
        error instanceof SensorloopError
          ? error
          : new SensorloopError("INTERNAL", error instanceof Error ? error.message : String(error), { cause: error });
      if (json) await print(JSON.stringify({ error: report.report() }));
      process.stderr.write(`${failureText(report)}\n`);
    } finally {
      process.removeListener("SIGINT", interrupt);
      await platform?.[Symbol.asyncDispose]();
    }
  };
}

/** Resolves when the bytes are out, so that a pipe that is read slowly gets all of them. */
function print(text: string): Promise<void> {
  return new Promise((done) => process.stdout.write(`${text}\n`, () => done()));
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a number without a name.
    return String(process.getuid?.() ?? "unknown");
  }
}
