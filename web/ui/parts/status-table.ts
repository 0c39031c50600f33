import type { NightState } from "../../../lib/domain/api/nights.ts";
import type { RunSlot } from "../../../lib/domain/api/runs.ts";
import type { TaskState } from "../../../lib/domain/api/tasks.ts";
import type { RunState, StageState } from "../../../lib/domain/stages.ts";

export type Tone = "neutral" | "info" | "good" | "attention" | "bad" | "reuse";
export type StatusIcon = "dot" | "clock" | "play" | "check" | "recycle" | "skip" | "cross" | "ban" | "hand" | "crown" | "alert" | "copy";

export interface Status {
  readonly word: string;
  readonly tone: Tone;
  readonly icon: StatusIcon;
}

type KnownState =
  | RunState
  | StageState
  | RunSlot["state"]
  | NightState
  | TaskState
  | "promoted"
  | "kept"
  | "paused"
  | "fresh"
  | "stale"
  | "unfilled"
  | "idle"
  | "attention"
  | "training"
  | "trained"
  | "champion"
  | "clean"
  | "refused"
  | "staged"
  | "duplicate"
  | "healthy"
  | "unreachable"
  | "within"
  | "beyond";

/** The one table from state to word, colour and icon; runs, stages, stations, models, files and services share it. */
const STATUS: Readonly<Record<KnownState, Status>> = {
  queued: { word: "Queued", tone: "neutral", icon: "clock" },
  asked: { word: "Asked for", tone: "neutral", icon: "clock" },
  open: { word: "Open", tone: "neutral", icon: "dot" },
  planned: { word: "Planned", tone: "neutral", icon: "dot" },
  idle: { word: "Idle", tone: "neutral", icon: "dot" },
  running: { word: "Running", tone: "info", icon: "play" },
  training: { word: "Training", tone: "info", icon: "play" },
  evolving: { word: "Evolving", tone: "info", icon: "play" },
  deciding: { word: "Deciding", tone: "info", icon: "play" },
  waiting: { word: "Waiting for you", tone: "attention", icon: "hand" },
  adjudicate: { word: "To be decided", tone: "attention", icon: "hand" },
  paused: { word: "Paused", tone: "attention", icon: "hand" },
  attention: { word: "Look here", tone: "attention", icon: "alert" },
  done: { word: "Done", tone: "good", icon: "check" },
  trained: { word: "Trained", tone: "good", icon: "check" },
  clean: { word: "Clean", tone: "good", icon: "check" },
  healthy: { word: "Healthy", tone: "good", icon: "check" },
  champion: { word: "Champion", tone: "good", icon: "crown" },
  promoted: { word: "Promoted", tone: "good", icon: "crown" },
  kept: { word: "Champion kept", tone: "info", icon: "check" },
  reused: { word: "Reused", tone: "reuse", icon: "recycle" },
  skipped: { word: "Skipped", tone: "neutral", icon: "skip" },
  staged: { word: "Staged", tone: "neutral", icon: "dot" },
  duplicate: { word: "Duplicate", tone: "reuse", icon: "copy" },
  failed: { word: "Failed", tone: "bad", icon: "cross" },
  fresh: { word: "Fresh", tone: "good", icon: "check" },
  stale: { word: "Stale", tone: "attention", icon: "clock" },
  unfilled: { word: "No rows yet", tone: "neutral", icon: "dot" },
  refused: { word: "Refused", tone: "bad", icon: "cross" },
  unreachable: { word: "Not answering", tone: "bad", icon: "cross" },
  within: { word: "Yes", tone: "good", icon: "check" },
  beyond: { word: "No", tone: "attention", icon: "alert" },
  cancelled: { word: "Cancelled", tone: "neutral", icon: "ban" },
  withdrawn: { word: "Withdrawn", tone: "neutral", icon: "ban" },
};

/** A state this build does not know (a newer server's) is shown in its own words. */
export function statusOf(state: string): Status {
  return Object.hasOwn(STATUS, state) ? STATUS[state as KnownState] : { word: state, tone: "neutral", icon: "dot" };
}

/** A stage that waits does so for its turn, and so does a slot; only `decide` waits for a person. */
export function stageStatusOf(name: string, state: string): Status {
  if (state === "waiting" && name !== "decide") return { word: "Waiting", tone: "neutral", icon: "clock" };
  return statusOf(state);
}

export function slotStatusOf(state: string): Status {
  return stageStatusOf("slot", state);
}
