import { readdirSync, readFileSync } from "node:fs";

/** Peak resident memory, in MB of 2^20 bytes. */
export interface MemoryPeak {
  /** Sum over all processes seen of each one's own peak; shared pages count in each. */
  readonly totalMb: number;
  readonly largestMb: number;
  readonly largest: string;
  readonly processes: number;
}

const EVERY_MS = 100;

/**
 * Follows the processes under `roots`, themselves included. Each process reports its own peak (VmHWM in /proc), so
 * only one that lives for less than 100 ms can be missed. Null where there is no /proc.
 */
export function watchMemory(roots: readonly number[]): { stop(): MemoryPeak | null } {
  const peaks = new Map<number, { name: string; kb: number }>();
  const look = () => {
    for (const pid of tree(roots)) {
      const status = readProcess(pid, "status");
      const kb = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
      if (kb > (peaks.get(pid)?.kb ?? 0)) peaks.set(pid, { name: commandOf(pid), kb });
    }
  };
  const timer = setInterval(look, EVERY_MS);
  look();
  return {
    stop() {
      look();
      clearInterval(timer);
      if (peaks.size === 0) return null;
      const all = [...peaks.values()].toSorted((a, b) => b.kb - a.kb);
      return {
        totalMb: Math.round(all.reduce((sum, { kb }) => sum + kb, 0) / 1024),
        largestMb: Math.round(all[0]!.kb / 1024),
        largest: all[0]!.name,
        processes: all.length,
      };
    },
  };
}

function tree(roots: readonly number[]): number[] {
  const children = new Map<number, number[]>();
  for (const entry of listProcesses()) {
    // The name in brackets may hold spaces and brackets of its own; the parent is the second field after the last one.
    const stat = readProcess(entry, "stat");
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    if (Number.isInteger(parent)) children.set(parent, [...(children.get(parent) ?? []), entry]);
  }
  const found = [...roots];
  for (let at = 0; at < found.length; at++) found.push(...(children.get(found[at]!) ?? []));
  return found;
}

function listProcesses(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** Program and file, without paths and options. */
function commandOf(pid: number): string {
  const [program = "", ...rest] = readProcess(pid, "cmdline").split("\0");
  const file = rest.find((word) => /\.(ts|mjs|js|py)$/.test(word));
  return [program, file]
    .filter(Boolean)
    .map((path) => path!.split("/").pop())
    .join(" ");
}

/** Empty where the process has ended meanwhile. */
function readProcess(pid: number, file: "stat" | "status" | "cmdline"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
