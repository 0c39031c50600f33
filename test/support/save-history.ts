import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { historyToJSON } from "@temporalio/common/lib/proto-utils.js";
import { loadConfig } from "../../lib/config.ts";
import { openPlatform } from "../../lib/platform.ts";

/**
 * Saves the history of a finished workflow for the replay test:
 * `node test/support/save-history.ts run/<id> trainingPipelineWorkflow.<reason>.<sdk version>`.
 */
const [workflowId, name] = process.argv.slice(2);
if (!workflowId || !name) {
  console.error("usage: save-history.ts WORKFLOW_ID NAME");
  process.exit(2);
}
await using platform = openPlatform(loadConfig());
const client = await platform.temporal();
const history = await client.workflow.getHandle(workflowId).fetchHistory();
// Identities and stack traces tell of a machine; nothing of the replay depends on them.
const text = historyToJSON(history)
  .replaceAll(/\b\d+@[\w.-]+/g, "worker")
  .replaceAll(/"stackTrace": "(?:[^"\\]|\\.)*"/g, '"stackTrace": ""');
const path = join(import.meta.dirname, "../histories", `${name}.json`);
await writeFile(path, `${JSON.stringify({ workflowId, ...(JSON.parse(text) as object) })}\n`);
console.error(`saved ${path}`);
