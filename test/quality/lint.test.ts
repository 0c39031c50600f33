import { beforeAll, describe, expect, it } from "vitest";
import { smallTree } from "./small-tree.ts";

interface Report {
  readonly filePath: string;
  readonly messages: readonly { readonly ruleId: string; readonly message: string }[];
}

const SOUND: Readonly<Record<string, string>> = {
  "lib/sound.ts": `export async function wait(): Promise<number> {\n  return await Promise.resolve(1);\n}\nvoid wait();\n`,
  "workflows/sound.ts": `import { sleep } from "@temporalio/workflow";\n\nconst LIMIT = 3;\n\nexport async function sound(): Promise<number> {\n  await sleep(1);\n  return LIMIT;\n}\n`,
  "vite.config.ts": `export default { root: "." };\n`,
};

/** File, text, and the rule that must speak. */
const BROKEN: readonly (readonly [path: string, text: string, rule: string, words?: string])[] = [
  ["lib/floating.ts", `export function go(): void {\n  Promise.resolve(1);\n}\n`, "@typescript-eslint/no-floating-promises"],
  [
    "lib/misused.ts",
    `export function go(list: number[]): void {\n  list.forEach(async () => {\n    await Promise.resolve(1);\n  });\n}\n`,
    "@typescript-eslint/no-misused-promises",
  ],
  ["lib/types.ts", `import { Logger } from "pino";\nexport type Log = Logger;\n`, "@typescript-eslint/consistent-type-imports"],
  [
    "lib/cases.ts",
    `export function name(state: "done" | "failed"): number {\n  switch (state) {\n    case "done":\n      return 1;\n  }\n  return 0;\n}\n`,
    "@typescript-eslint/switch-exhaustiveness-check",
  ],
  ["lib/default.ts", `const it = 1;\nexport default it;\n`, "no-restricted-syntax", "Export by name"],
  ["lib/shell.ts", `import { exec } from "node:child_process";\nexec("ls");\n`, "no-restricted-imports", "argument array"],
  ["lib/print.ts", `console.log("data");\n`, "no-console"],
  ["lib/domain/environment.ts", `export const home = process.env["HOME"];\n`, "no-restricted-globals"],
  ["workflows/state.ts", `let runs = 0;\nexport const more = () => (runs += 1);\n`, "no-restricted-syntax", "One V8 context"],
  ["workflows/plain-error.ts", `export const stop = () => {\n  throw new Error("no");\n};\n`, "no-restricted-syntax", "ApplicationFailure"],
  [
    "workflows/replaying.ts",
    `import { workflowInfo } from "@temporalio/workflow";\nexport const first = () => !workflowInfo().unsafe.isReplaying;\n`,
    "no-restricted-syntax",
    "replaying",
  ],
  ["test/mocked.test.ts", `import { vi } from "vitest";\nvi.mock("./other.ts");\n`, "no-restricted-syntax", "a mocked module"],
  ["test/only.test.ts", `import { it } from "vitest";\nit.only("runs alone", () => {});\n`, "no-restricted-syntax", "silences"],
  [
    "web/ui/hook.tsx",
    `import { useState } from "react";\nexport function Part({ on }: { on: boolean }) {\n  if (on) useState(1);\n  return null;\n}\n`,
    "react-hooks/rules-of-hooks",
  ],
  ["web/ui/html.tsx", `export const Part = () => <p dangerouslySetInnerHTML={{ __html: "" }} />;\n`, "no-restricted-syntax", "escaping"],
];

describe("the linter", () => {
  let reports: readonly Report[];

  beforeAll(async () => {
    const files = { ...SOUND, ...Object.fromEntries(BROKEN.map(([path, text]) => [path, text])) };
    using tree = smallTree(files, ["eslint.config.js"]);
    reports = JSON.parse(await tree.run("eslint", ["--format", "json", "."])) as Report[];
  });

  it.each(BROKEN)("%s is refused", (path, _text, rule, words = "") => {
    const messages = reports.find(({ filePath }) => filePath.endsWith(`/${path}`))?.messages ?? [];
    expect(messages).toContainEqual(expect.objectContaining({ ruleId: rule, message: expect.stringContaining(words) as string }));
  });

  it("sound files are left alone", () => {
    const complaints = reports.filter(({ filePath }) => Object.keys(SOUND).some((path) => filePath.endsWith(`/${path}`)));
    expect(complaints.map(({ messages }) => messages)).toEqual([[], [], []]);
  });
});
