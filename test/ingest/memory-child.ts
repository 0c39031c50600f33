import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { run as clean } from "../../lib/ingest/clean-job.ts";
import { run as stage } from "../../lib/ingest/stage-job.ts";
import { smallSpec } from "./spec.ts";

/** Stages and cleans a file in a process of its own, which tells its peak of resident memory after each. */
const [path = "", folder = ""] = process.argv.slice(2);
const spec = smallSpec();
const control = { folder: join(folder, "job"), progress() {} };
mkdirSync(control.folder);
const peakMb = () => process.resourceUsage().maxRSS / 1024;
const { entries } = await stage({ path, name: "large.csv", files: spec.files }, control);
const stagedMb = peakMb();
const entry = entries[0];
if (entry?.state !== "staged") throw new Error("not staged");
const { files } = await clean({ files: [{ id: "large", ...entry }], spec, pepper: "pepper", memoryMb: 300, threads: 1 }, control);
process.send?.({ stagedMb, cleanedMb: peakMb(), rowsOk: files[0]?.rowsOk });
process.disconnect?.();
