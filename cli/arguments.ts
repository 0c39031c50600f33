import { InvalidArgumentError, Option, type Command } from "commander";
import { parse } from "yaml";
import { MAX_PAGE, type PageQuery } from "../lib/domain/api/page.ts";
import type { StartRun } from "../lib/domain/api/runs.ts";

/** A parser for commander: whole numbers within bounds; anything else is wrong use. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < from || value > to)
      throw new InvalidArgumentError(`expected a whole number from ${from} to ${to}`);
    return value;
  };
}

export function instant(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError("expected a time such as 2025-11-21 or 2025-11-21T08:00:00Z");
  return time.toISOString();
}

/** Gathers an option that may be given several times. */
export function gather(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** Gathers `path=value`; the value is read as YAML, so that `5`, `[64, 32]` and `apple watch` mean what they look like. */
export function gatherSettings(text: string, before: StartRun["set"] | undefined): StartRun["set"] {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("expected path=value, such as windows.seconds=5");
  let value: StartRun["set"][string];
  try {
    value = parse(text.slice(at + 1), { schema: "core" }) as typeof value;
  } catch {
    throw new InvalidArgumentError(`'${text.slice(at + 1)}' is not a value`);
  }
  return { ...before, [text.slice(0, at).trim()]: value };
}

/** Every verb can answer in JSON. */
export function jsonOption(command: Command): Command {
  return command.option("--json", "print one JSON document on standard output");
}

export type ListOptions = PageQuery;

/** `--limit` and `--after`, for verbs that list. */
export function pageOptions(command: Command): Command {
  return command
    .addOption(new Option("--limit <n>", "how many at most").argParser(wholeNumber(1, MAX_PAGE)).default(50))
    .option("--after <cursor>", "go on after this page (`next` of the page before)");
}
