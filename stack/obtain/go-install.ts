import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Report } from "../service.ts";

/** Builds a Go program of an exact version (`module/path@v1.2.3`) into `folder`. Fails where there is no Go. */
export async function goInstall(goPackage: string | undefined, folder: string, report: Report): Promise<void> {
  if (goPackage === undefined) throw new Error("it is not built from source");
  // -v prints each package as it is compiled, which is the only progress there is.
  const go = spawn("go", ["install", "-v", goPackage], { env: { ...process.env, GOBIN: folder }, stdio: ["ignore", "ignore", "pipe"] });
  const said: string[] = [];
  let packages = 0;
  createInterface({ input: go.stderr }).on("line", (line) => {
    said.push(line);
    if (said.length > 20) said.shift();
    if (line.startsWith("go: downloading")) report(`building ${goPackage}: fetching ${line.slice("go: downloading ".length)}`);
    else report(`building ${goPackage}: ${(packages += 1)} packages`);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    go.once("error", (error: NodeJS.ErrnoException) => reject(error.code === "ENOENT" ? new Error("Go is not installed") : error));
    go.once("close", resolve);
  });
  if (code !== 0) throw new Error(`go install ${goPackage} failed: ${said.slice(-5).join(" | ")}`);
}
