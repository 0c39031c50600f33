import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError } from "commander";

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "..", "package.json"), "utf8")) as { version: string };

/** Wrong use: an unknown verb, a missing argument, a value that cannot be. */
const WRONG_USE = 2;

/** The command `sensorloop` with its nouns and verbs. */
export function sensorloop(commands: readonly Command[]): Command {
  const program = new Command("sensorloop")
    .description("closes the loop on sensor data: staging, cleaning, training, promotion, annotation, retraining")
    .version(version)
    .showHelpAfterError("(--help shows what there is)");
  for (const command of commands) program.addCommand(command);
  throwInsteadOfExit(program);
  return program;
}

/** Parses and runs; the exit code is set, not taken, so that what was printed gets out first. */
export async function runProgram(program: Command, args: readonly string[]): Promise<void> {
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version that were asked for are no errors; help shown for want of a verb is one.
    process.exitCode = error.code === "commander.helpDisplayed" || error.code === "commander.version" ? 0 : WRONG_USE;
  }
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  command.commands.forEach(throwInsteadOfExit);
}
