import { rename } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../lock.ts";
import { makeWhole } from "../make-whole.ts";
import type { Report } from "../service.ts";
import { compileAddon, installAddon } from "./addon.ts";
import { runOwnInstaller } from "./own-installer.ts";
import { findTfjsNode, type TfjsNode } from "./package-folder.ts";
import { whyNotNative } from "./probe.ts";
import { fetchWheel, TENSORFLOW_VERSION } from "./wheel.ts";
import { exists } from "../exists.ts";

export interface TensorflowChoice {
  readonly backend: "native" | "wasm";
  /** One sentence for people. */
  readonly reason: string;
}

/**
 * Makes native TensorFlow work in this clone: already there, else from the cache, else libraries from the Python package
 * index and the addon compiled, else the package's own installer. Where none of it works, training runs on wasm, which is
 * slower and needs nothing. Only a probe that computes decides what is there.
 */
export async function setUpTensorflow({
  cacheDir,
  report,
}: {
  readonly cacheDir: string;
  readonly report: Report;
}): Promise<TensorflowChoice> {
  const tfjsNode = findTfjsNode();
  if (!tfjsNode) return wasm(["the package @tensorflow/tfjs-node is not installed"]);
  report("looking for native TensorFlow");
  if ((await whyNotNative()) === null) return { backend: "native", reason: "native TensorFlow was already there" };
  // Two clones share the cache, and two data folders the clone.
  return withLock(
    join(cacheDir, "tensorflow.lock"),
    () => install(tfjsNode, cacheDir, report),
    () => report("another process is setting up TensorFlow; waiting for it"),
  );
}

async function install(tfjsNode: TfjsNode, cacheDir: string, report: Report): Promise<TensorflowChoice> {
  const cached = join(cacheDir, `tensorflow-${TENSORFLOW_VERSION}-${process.platform}-${process.arch}`);
  const addon = join(cached, `addon-${tfjsNode.version}`, "tfjs_binding.node");
  const refusals: string[] = [];
  const fromIndex = async () => {
    if (!(await exists(cached))) await makeWhole(cached, (begun) => fetchWheel(begun, report));
    if (!(await exists(addon))) {
      report("compiling tfjs-node's addon");
      await compileAddon(tfjsNode, cached, `${addon}.begun`);
      await rename(`${addon}.begun`, addon);
    }
    await installAddon(tfjsNode, cached, addon);
  };
  const ways = [
    { name: `the Python package index, kept in ${cached}`, work: fromIndex },
    { name: "tfjs-node's own installer", work: () => runOwnInstaller(tfjsNode, report) },
  ];
  for (const { name, work } of ways) {
    try {
      await work();
      const why = await whyNotNative();
      if (why === null) return { backend: "native", reason: `native TensorFlow from ${name}` };
      refusals.push(`from ${name}: installed, but ${why}`);
    } catch (error) {
      refusals.push(`from ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return wasm(refusals);
}

function wasm(refusals: readonly string[]): TensorflowChoice {
  return { backend: "wasm", reason: `native TensorFlow is not available (${refusals.join("; ")})` };
}
