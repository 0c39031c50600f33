import type { Owner } from "./ordinary-user.ts";

/** What the supervisor must know of a process to start it, tell that it works, and end it. */
export interface ServicePlan {
  readonly name: string;
  readonly command: {
    readonly file: string;
    readonly args: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
    readonly owner?: Owner;
  };
  /** Whether the process answers as it should; asked until it does. Throwing counts as no. */
  readonly answers: (pid: number) => Promise<boolean>;
  readonly readyWithinMs: number;
  /** Asks it to end in good order. */
  readonly stopSignal: "SIGTERM" | "SIGINT";
  /** What it may take to do so before it is killed. */
  readonly stopWithinMs: number;
}

/** Tells a person how far a long step is: one short line, replacing the one before. */
export type Report = (line: string) => void;
