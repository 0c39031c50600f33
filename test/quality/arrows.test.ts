import { createRequire } from "node:module";
import { beforeAll, describe, expect, it } from "vitest";
import { ROOT, smallTree } from "./small-tree.ts";

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}
interface Rule {
  readonly name: string;
  readonly comment?: string;
}

const { forbidden } = createRequire(import.meta.url)(`${ROOT}/.dependency-cruiser.cjs`) as { forbidden: readonly Rule[] };

/** What there is to import. */
const SOUND: Readonly<Record<string, string>> = {
  "lib/domain/gate.ts": `import { z } from "zod"; export const gate = z.string(); export type Gate = string;`,
  "lib/store/rows.ts": `import { gate } from "../domain/gate.ts"; import { readFile } from "node:fs/promises"; export const rows = [gate, readFile];`,
  "activities/index.ts": `import { rows } from "../lib/store/rows.ts"; export const act = () => rows; export type Act = typeof act;`,
  "workflows/index.ts": `import { proxyActivities } from "@temporalio/workflow"; import type { Act } from "../activities/index.ts"; import { gate } from "../lib/domain/gate.ts"; export const run = [proxyActivities<{ act: Act }>, gate];`,
  "workflows/bundle.ts": `import { createRequire } from "node:module"; import { bundleWorkflowCode } from "@temporalio/worker"; export const bundle = [createRequire, bundleWorkflowCode];`,
  "activities/worker.ts": `import { bundle } from "../workflows/bundle.ts"; export const worker = bundle;`,
  "lib/app/start.ts": `import type { run } from "../../workflows/index.ts"; export type Start = typeof run;`,
  "web/api/app.ts": `import { rows } from "../../lib/store/rows.ts"; export const app = rows;`,
  "web/ui/features/runs/page.ts": `import { gate } from "../../../../lib/domain/gate.ts"; export const page = gate;`,
  "web/ui/features/models/page.ts": `export const page = 1;`,
  "stack/up.ts": `import { rows } from "../lib/store/rows.ts"; export const up = rows;`,
  "cli/main.ts": `import { up } from "../stack/up.ts"; import { rows } from "../lib/store/rows.ts"; export const main = [up, rows];`,
  "test/all.test.ts": `import { main } from "../cli/main.ts"; import { app } from "../web/api/app.ts"; import { up } from "../stack/up.ts"; import { expect } from "vitest"; export const all = [main, app, up, expect];`,
  "bench/some.ts": `import { up } from "../stack/up.ts"; export const some = up;`,
};

/** For every rule, a file that breaks it. */
const BROKEN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "no-cycles": {
    "lib/store/hen.ts": `import { egg } from "./egg.ts"; export const hen = () => egg;`,
    "lib/store/egg.ts": `import { hen } from "./hen.ts"; export const egg = () => hen;`,
  },
  resolvable: { "lib/store/lost.ts": `import { gone } from "./gone.ts"; export const lost = gone;` },
  // @smithy/types is on the disk because the AWS SDK brought it.
  "declared-packages": { "lib/store/borrowed.ts": `import * as types from "@smithy/types"; export const borrowed = types;` },
  "no-development-packages-in-production": {
    "lib/store/dev.ts": `import { chromium } from "playwright-core"; export const dev = chromium;`,
  },
  "domain-imports-nobody": { "lib/domain/store.ts": `import { rows } from "../store/rows.ts"; export const store = rows;` },
  "domain-uses-pure-packages-only": { "lib/domain/pino.ts": `import { pino } from "pino"; export const log = pino;` },
  "domain-has-no-node": { "lib/domain/disk.ts": `import { readFileSync } from "node:fs"; export const disk = readFileSync;` },
  "workflows-import-domain-and-activity-types": {
    "workflows/store.ts": `import { rows } from "../lib/store/rows.ts"; export const store = rows;`,
  },
  "workflows-import-activities-as-types-only": {
    "workflows/activities.ts": `import { act } from "../activities/index.ts"; export const direct = act;`,
  },
  "workflows-use-the-workflow-package-only": {
    "workflows/client.ts": `import { Client } from "@temporalio/client"; export const client = Client;`,
  },
  "workflows-have-no-node": { "workflows/disk.ts": `import { readFileSync } from "node:fs"; export const disk = readFileSync;` },
  "lib-imports-lib": { "lib/app/act.ts": `import { act } from "../../activities/index.ts"; export const direct = act;` },
  "activities-import-lib": { "activities/start.ts": `import { run } from "../workflows/index.ts"; export const start = run;` },
  "api-imports-lib": { "web/api/act.ts": `import { act } from "../../activities/index.ts"; export const direct = act;` },
  "ui-imports-domain": { "web/ui/store.ts": `import type { rows } from "../../lib/store/rows.ts"; export type Store = typeof rows;` },
  "ui-has-no-node": { "web/ui/disk.ts": `import { readFileSync } from "node:fs"; export const disk = readFileSync;` },
  "ui-features-stand-alone": {
    "web/ui/features/runs/other.ts": `import { page } from "../models/page.ts"; export const other = page;`,
  },
  "cli-imports-lib-and-stack": { "cli/api.ts": `import { app } from "../web/api/app.ts"; export const api = app;` },
  "stack-imports-lib": { "stack/worker.ts": `import { worker } from "../activities/worker.ts"; export const direct = worker;` },
  "stack-is-for-the-cli-and-tests": { "activities/up.ts": `import { up } from "../stack/up.ts"; export const again = up;` },
  "nobody-imports-web-or-cli": { "lib/app/page.ts": `import { app } from "../../web/api/app.ts"; export const page = app;` },
  "nobody-imports-tests-or-benches": { "lib/app/some.ts": `import { some } from "../../bench/some.ts"; export const bench = some;` },
};

describe("the arrows between the folders", () => {
  let violations: readonly Violation[];

  beforeAll(async () => {
    using tree = smallTree(Object.assign({}, SOUND, ...Object.values(BROKEN)), [".dependency-cruiser.cjs"]);
    const folders = ["workflows", "activities", "web", "lib", "cli", "stack", "bench", "test"];
    const text = await tree.run("depcruise", ["--config", ".dependency-cruiser.cjs", "--output-type", "json", ...folders]);
    violations = (JSON.parse(text) as { summary: { violations: Violation[] } }).summary.violations;
  });

  it("each has a reason and a file here that breaks it", () => {
    expect(forbidden.map(({ name }) => name).toSorted()).toEqual(Object.keys(BROKEN).toSorted());
    for (const { name, comment } of forbidden) expect(comment?.length ?? 0, name).toBeGreaterThan(40);
  });

  it.each(Object.entries(BROKEN))("%s: a file that breaks it is caught", (rule, files) => {
    const caught = violations.filter((violation) => violation.rule.name === rule).map(({ from }) => from);
    expect(caught.filter((from) => Object.hasOwn(files, from))).not.toEqual([]);
  });

  it("what follows them is left alone", () => {
    expect(violations.filter(({ from }) => Object.hasOwn(SOUND, from))).toEqual([]);
  });
});
