import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { stopCommands } from "./command.ts";
import type { Bench } from "./harness.ts";

/** Each beside its peer. A bench's module exports `run`. */
const BENCHES = {
  annotate: () => import("./annotate.ts"),
  active: () => import("./active.ts"),
  clean: () => import("./clean.ts"),
  evolution: () => import("./evolution.ts"),
  describe: () => import("./describe.ts"),
  features: () => import("./features.ts"),
  "first-run": () => import("./first-run.ts"),
  har: () => import("./har.ts"),
  muvr: () => import("./muvr.ts"),
  "pipeline-step": () => import("./pipeline-step.ts"),
  population: () => import("./population.ts"),
  pulse: () => import("./pulse.ts"),
  queue: () => import("./queue.ts"),
  synthesis: () => import("./synthesis.ts"),
  viewer: () => import("./viewer.ts"),
  windows: () => import("./windows.ts"),
  wisdm: () => import("./wisdm.ts"),
  wisdm51: () => import("./wisdm51.ts"),
} as const satisfies Record<string, () => Promise<{ run: Bench }>>;

const USAGE = `npm run bench -- NAME [options]

NAME is one of ${Object.keys(BENCHES).join(", ")}.

  --quick        smaller data, to try the bench itself; the result is no measurement
  --skip-peer    ours alone
  --rounds N     turns each contender gets (the bench's own number otherwise)
  --scale N      data times N
  --data DIR     the recordings that may not be shipped
  --keep         leave the working folder behind
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    "skip-peer": { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
    scale: { type: "string", default: "1" },
    data: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});
const name = positionals[0] ?? "";
const [rounds, scale] = [Number(values.rounds), Number(values.scale)];
if (!Object.hasOwn(BENCHES, name) || positionals.length !== 1 || !(rounds >= 1) || !(scale > 0)) {
  process.stderr.write(USAGE);
  process.exit(2);
}

// What was started ends, so that the bench fails and cleans up behind itself.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stopCommands);
const folder = await mkdtemp(join(tmpdir(), `sensorloop-bench-${name}-`));
const begun = performance.now();
const say = (text: string) => process.stderr.write(`[${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s] ${text}\n`);
const root = resolve(import.meta.dirname, "..");
const data =
  [values.data, process.env["SENSORLOOP_TEST_RECORDINGS"], join(root, "../shared/data")].find((path) => path && existsSync(path)) ?? "";
try {
  const { run } = await BENCHES[name as keyof typeof BENCHES]();
  if (values.quick) say("--quick: smaller data, no measurement");
  if (values["skip-peer"]) say("--skip-peer: the peers are not run");
  const result = await run({ quick: values.quick, skipPeer: values["skip-peer"], scale, rounds, data: data && resolve(data), folder, say });
  const detail = { ...(values.quick && { quick: true }), ...(values["skip-peer"] && { skippedPeer: true }), ...result.detail };
  process.stdout.write(`${JSON.stringify({ bench: name, ...result, detail })}\n`);
  process.exitCode = result.ok ? 0 : 1;
} finally {
  if (values.keep) say(`left behind: ${folder}`);
  else await rm(folder, { recursive: true, force: true });
}
