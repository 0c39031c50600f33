import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Schedule } from "../../../../lib/domain/api/nights.ts";
import { call } from "../../api/client.ts";
import { useMay } from "../../api/session.ts";
import { Empty } from "../../parts/answer.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { Facts } from "../../parts/figures.tsx";
import { Panel } from "../../parts/panel.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { Ago } from "../../parts/when.tsx";
import { Backfill } from "./backfill.tsx";
import { DueList } from "./due-list.tsx";
import { ScheduleEditor } from "./schedule-editor.tsx";
import classes from "./schedule-panel.module.css";

interface SchedulePanelProps {
  readonly project: string;
  readonly schedule: Schedule | null;
}

/** When the project's nights are; whoever may, changes, pauses and backfills it here. */
export function SchedulePanel({ project, schedule }: SchedulePanelProps) {
  const may = useMay("schedule.set", project);
  const [editing, setEditing] = useState(false);
  return (
    <Panel
      title="Schedule"
      aside={
        may && (
          <>
            {schedule !== null && <Pause project={project} schedule={schedule} />}
            {schedule !== null && <Backfill project={project} zone={schedule.timezone} />}
            <Button size="xs" variant="default" onClick={() => setEditing(true)}>
              {schedule === null ? "Set a schedule" : "Change"}
            </Button>
          </>
        )
      }
    >
      {schedule === null ? (
        <Empty title="No schedule" command={`npx sensorloop schedule set ${project} --cron "30 2 * * *" --timezone Europe/Berlin`}>
          Without one the project retrains when enough labels are new, or when someone asks.
        </Empty>
      ) : (
        <Shown schedule={schedule} />
      )}
      {editing && <ScheduleEditor project={project} schedule={schedule} onClose={() => setEditing(false)} />}
    </Panel>
  );
}

function Shown({ schedule }: { readonly schedule: Schedule }) {
  const { cron, timezone, overlap, catchupMinutes, jitterSeconds, paused, why, setBy, setAt, told, next } = schedule;
  return (
    <div className={classes.parts}>
      <div>
        {paused ? (
          <p className={classes.paused}>
            <StatusBadge state="paused" /> No nights until it is resumed{why === "" ? "." : `: ${why}`}
          </p>
        ) : (
          <DueList due={next} zone={timezone} />
        )}
        {!told && <p className={classes.quiet}>Temporal has not been told yet; a worker does it as soon as it answers.</p>}
      </div>
      <Facts
        facts={[
          ["cron", <code key="cron">{cron}</code>],
          ["time zone", timezone],
          ["while one still runs", overlap === "skip" ? "the next is skipped" : "the next waits"],
          ["made up for within", `${catchupMinutes} min, one at most`],
          ["starts within", jitterSeconds === 0 ? "no delay" : `${jitterSeconds} s, at random`],
          [
            "set",
            <span key="set">
              <Ago time={setAt} /> by {setBy}
              {!paused && why !== "" && `: ${why}`}
            </span>,
          ],
        ]}
      />
    </div>
  );
}

function Pause({ project, schedule: { paused } }: { readonly project: string; readonly schedule: Schedule }) {
  const queryClient = useQueryClient();
  const [asked, setAsked] = useState(false);
  const change = useMutation({
    mutationFn: (why: string) => call(paused ? "resumeSchedule" : "pauseSchedule", { params: { project }, body: { why } }),
    onSuccess: ({ next }) => {
      setAsked(false);
      notifications.show({
        title: paused ? "Nights again" : "Paused",
        message: paused ? `The next is at ${next[0]?.local ?? "no time"}.` : "No nights until it is resumed.",
      });
    },
    onSettled: () => queryClient.invalidateQueries(),
  });
  return (
    <>
      <Button
        size="xs"
        variant="default"
        onClick={() => {
          change.reset();
          setAsked(true);
        }}
      >
        {paused ? "Resume" : "Pause"}
      </Button>
      <Confirm
        opened={asked}
        onClose={() => setAsked(false)}
        title={paused ? "Resume the nights?" : "Pause the nights?"}
        act={paused ? "Resume" : "Pause"}
        busy={change.isPending}
        error={change.error}
        onConfirm={(why) => change.mutate(why)}
      >
        {paused
          ? "Nights come again at their times; of those missed at most one is made up for, if it is not too long ago."
          : "No night starts until someone resumes them. One that is under way goes on to its end."}
      </Confirm>
    </>
  );
}
