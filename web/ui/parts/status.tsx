import {
  IconAlertTriangle,
  IconBan,
  IconCheck,
  IconCircleDotted,
  IconClock,
  IconCopy,
  IconCrown,
  IconHandStop,
  IconPlayerPlayFilled,
  IconPlayerSkipForward,
  IconRecycle,
  IconX,
  type TablerIcon,
} from "@tabler/icons-react";
import { type Status, type StatusIcon, statusOf } from "./status-table.ts";
import classes from "./status.module.css";

const ICONS: Readonly<Record<StatusIcon, TablerIcon>> = {
  dot: IconCircleDotted,
  clock: IconClock,
  play: IconPlayerPlayFilled,
  check: IconCheck,
  recycle: IconRecycle,
  skip: IconPlayerSkipForward,
  cross: IconX,
  ban: IconBan,
  hand: IconHandStop,
  crown: IconCrown,
  alert: IconAlertTriangle,
  copy: IconCopy,
};

interface StatusBadgeProps {
  readonly state: string;
  /** Where the same state has another word (a stage that waits for its turn). */
  readonly status?: Status | undefined;
}

/** The state of anything, by word, colour and icon; the only component that shows one. */
export function StatusBadge({ state, status = statusOf(state) }: StatusBadgeProps) {
  return (
    <span className={classes.badge} data-tone={status.tone} data-state={state}>
      <StatusMark status={status} />
      {status.word}
    </span>
  );
}

/** The icon alone; stands beside text that says the same. */
export function StatusMark({ status }: { readonly status: Status }) {
  const Icon = ICONS[status.icon];
  return <Icon className={classes.mark} size={13} stroke={2.2} aria-hidden />;
}
