import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process that can't be mistaken for a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, in whatever words the system has for it; compared, never parsed. */
  readonly began: string;
}

/** Null when there is no such process, or only what is left of one that its parent has not collected. */
export function identify(pid: number): ProcessIdentity | null {
  const began = process.platform === "linux" ? beganOnLinux(pid) : beganByPs(pid);
  return began === null ? null : { pid, began };
}

export function isAlive({ pid, began }: ProcessIdentity): boolean {
  return identify(pid)?.began === began;
}

/** The clock ticks since boot at which it began, beside the boot they count from: proc(5), fields 3 (state) and 22. */
function beganOnLinux(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return null;
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}:${fields[19]}`;
  } catch {
    return null;
  }
}

function beganByPs(pid: number): string | null {
  try {
    const text = execFileSync("ps", ["-o", "state=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    return text === "" || text.startsWith("Z") ? null : text.slice(text.indexOf(" ") + 1);
  } catch {
    return null;
  }
}
