import { createRequire } from "node:module";
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from "@temporalio/worker";

/** Bundles all workflows, once for all workers of a process. Fails where a workflow imports what it may not. */
export function bundleWorkflows(): Promise<WorkflowBundleWithSourceMap> {
  const workflowsPath = createRequire(import.meta.url).resolve("./index.ts");
  return bundleWorkflowCode({
    workflowsPath,
    logger: { trace() {}, debug() {}, info() {}, warn: console.error, error: console.error, log() {} },
  });
}

if (import.meta.main) {
  const { code } = await bundleWorkflows();
  console.error(`workflows bundled: ${Math.round(code.length / 1024)} KB`);
}
