import { githubRelease } from "./download.ts";
import type { Program } from "./program.ts";

const VERSION = "1.5.1";
/** Older servers lack what the workflows use: updates with start, and the poll rates of the development server. */
const LEAST_SERVER = [1, 29] as const;

const platforms: Readonly<Record<string, string>> = { linux: "linux", darwin: "darwin" };
const machines: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

export function temporalProgram(platform: string = process.platform, machine: string = process.arch): Program {
  const archive = `temporal_cli_${VERSION}_${platforms[platform]}_${machines[machine]}.tar.gz`;
  return {
    name: "temporal",
    version: VERSION,
    versionArguments: ["--version"],
    accepts: serverVersion,
    release: platforms[platform] && machines[machine] ? githubRelease("temporalio/cli", `v${VERSION}`, archive) : null,
    goPackage: `github.com/temporalio/cli/cmd/temporal@v${VERSION}`,
  };
}

/** `temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)`: built from source it does not know its own version, but its server's. */
function serverVersion(output: string): string | null {
  const match = /^temporal version \S+ \(Server (\d+)\.(\d+)\.(\d+)/m.exec(output);
  if (!match) return null;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  if (major !== LEAST_SERVER[0] || minor < LEAST_SERVER[1]) return null;
  return `server ${major}.${minor}.${match[3]}`;
}
