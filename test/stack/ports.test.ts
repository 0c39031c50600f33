import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { choosePort } from "../../stack/ports.ts";

const MODULE = join(import.meta.dirname, "../../stack/ports.ts");

/** The choice of another process, made while it lives. */
async function choiceElsewhere(before: number): Promise<number> {
  const code = `const { choosePort } = await import(${JSON.stringify(MODULE)}); console.log(await choosePort(${before}));`;
  return Number((await promisify(execFile)(process.execPath, ["--input-type=module", "-e", code])).stdout);
}

describe("a port", () => {
  it("that one process has chosen is not chosen by another, though nobody listens on it yet", async () => {
    const port = await choosePort(undefined);
    expect(await choiceElsewhere(port)).not.toBe(port);
    expect(await choosePort(port)).toBe(port);
  });

  it("is free again when the process that chose it has ended", async () => {
    const port = await choosePort(undefined);
    const left = await choiceElsewhere(port);
    expect(await choosePort(left)).toBe(left);
  });
});
