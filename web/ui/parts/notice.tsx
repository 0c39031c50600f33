import { IconAlertTriangle, IconCheck, IconHandStop, IconInfoCircle, type TablerIcon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "./notice.module.css";

const ICONS: Readonly<Record<"good" | "attention" | "neutral" | "ask", TablerIcon>> = {
  good: IconCheck,
  attention: IconAlertTriangle,
  neutral: IconInfoCircle,
  ask: IconHandStop,
};

interface NoticeProps {
  readonly tone: keyof typeof ICONS;
  readonly title: string;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
}

/** One thing the reader has to know before everything else on the page. */
export function Notice({ tone, title, children, actions }: NoticeProps) {
  const Icon = ICONS[tone];
  return (
    <div className={classes.notice} data-tone={tone} role="status">
      <Icon size={18} aria-hidden />
      <div className={classes.text}>
        <strong>{title}</strong>
        {children !== undefined && <div>{children}</div>}
      </div>
      {actions !== undefined && <div className={classes.actions}>{actions}</div>}
    </div>
  );
}
