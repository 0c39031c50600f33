import { githubRelease } from "./download.ts";
import type { Program } from "./program.ts";

const VERSION = "1.8.0";

const platforms: Readonly<Record<string, string>> = { linux: "Linux", darwin: "Darwin" };
const machines: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "arm64" };

export function versitygwProgram(platform: string = process.platform, machine: string = process.arch): Program {
  const archive = `versitygw_v${VERSION}_${platforms[platform]}_${machines[machine]}.tar.gz`;
  return {
    name: "versitygw",
    version: VERSION,
    versionArguments: ["--version"],
    accepts: ownVersion,
    release: platforms[platform] && machines[machine] ? githubRelease("versity/versitygw", `v${VERSION}`, archive) : null,
    goPackage: `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`,
  };
}

/** `Version  : v1.8.0`, or `git` when it was built from source, which then is the version asked for. */
function ownVersion(output: string): string | null {
  const said = /^Version\s*:\s*(\S+)/m.exec(output)?.[1];
  if (said === undefined) return null;
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(said);
  if (!match) return VERSION;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major === 1 && minor >= 1 ? `${match[1]}.${match[2]}.${match[3]}` : null;
}
