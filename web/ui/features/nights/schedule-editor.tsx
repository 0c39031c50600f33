import { Button, Group, Modal, NativeSelect, NumberInput, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { type Schedule, type ScheduleInput, scheduleInputSchema } from "../../../../lib/domain/api/nights.ts";
import { call } from "../../api/client.ts";
import { read } from "../../api/queries.ts";
import { Answer, FailureNote } from "../../parts/answer.tsx";
import { DueList } from "./due-list.tsx";
import classes from "./schedule-editor.module.css";

interface ScheduleEditorProps {
  readonly project: string;
  readonly schedule: Schedule | null;
  readonly onClose: () => void;
}

const FIRST = { cron: "30 2 * * *", overlap: "skip", catchupMinutes: 60, jitterSeconds: 0 } as const;

/** Sets when nights are; what is entered can be saved only once its next times have been shown. */
export function ScheduleEditor({ project, schedule, onClose }: ScheduleEditorProps) {
  const queryClient = useQueryClient();
  const zones = useId();
  const [input, setInput] = useState<ScheduleInput>(() => ({
    ...FIRST,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    ...(schedule && pick(schedule)),
    why: "",
  }));
  const change = (part: Partial<ScheduleInput>) => setInput((before) => ({ ...before, ...part }));
  // The reason changes no time, and is not asked about at each key.
  const { why: _, ...asked } = input;
  const [settled] = useDebouncedValue(JSON.stringify(asked), 300);
  const parsed = scheduleInputSchema.safeParse(JSON.parse(settled));
  const preview = useQuery({
    ...read("previewSchedule", { params: { project }, body: parsed.data ?? { ...FIRST, timezone: "UTC" } }),
    enabled: parsed.success,
    retry: false,
  });
  const seen = parsed.success && settled === JSON.stringify(asked) && preview.isSuccess;
  const save = useMutation({
    mutationFn: () => call("setSchedule", { params: { project }, body: input }),
    onSuccess: ({ next }) => {
      notifications.show({ title: "Schedule set", message: `The next night is at ${next[0]?.local ?? "no time"}.` });
      onClose();
    },
    onSettled: () => queryClient.invalidateQueries(),
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={schedule === null ? "Set a schedule" : "Change the schedule"}
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (seen) save.mutate();
        }}
      >
        <div className={classes.fields}>
          <TextInput
            label="Cron"
            description="minute, hour, day, month, weekday"
            value={input.cron}
            onChange={(event) => change({ cron: event.currentTarget.value })}
            spellCheck={false}
            autoComplete="off"
            data-autofocus
          />
          <TextInput
            label="Time zone"
            description="nights keep its clocks all year"
            value={input.timezone}
            list={zones}
            onChange={(event) => change({ timezone: event.currentTarget.value })}
            spellCheck={false}
            autoComplete="off"
          />
          <datalist id={zones}>
            {Intl.supportedValuesOf("timeZone").map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
          <NativeSelect
            label="While one still runs"
            value={input.overlap}
            onChange={(event) => change({ overlap: event.currentTarget.value === "buffer" ? "buffer" : "skip" })}
            data={[
              { value: "skip", label: "skip the next" },
              { value: "buffer", label: "let the next wait" },
            ]}
          />
          <NumberInput
            label="Made up for within, minutes"
            value={input.catchupMinutes}
            min={1}
            max={1440}
            allowDecimal={false}
            onChange={(value) => change({ catchupMinutes: Number(value) })}
          />
          <NumberInput
            label="Start at random within, seconds"
            value={input.jitterSeconds}
            min={0}
            max={3600}
            allowDecimal={false}
            onChange={(value) => change({ jitterSeconds: Number(value) })}
          />
        </div>
        <div className={classes.preview} aria-live="polite">
          <h3>The next five times</h3>
          {parsed.success ? (
            <Answer query={preview} lines={5}>
              {({ next, notes }) => (
                <>
                  <DueList due={next} zone={input.timezone} />
                  {notes.map((note) => (
                    <p key={note} className={classes.note}>
                      {note}
                    </p>
                  ))}
                </>
              )}
            </Answer>
          ) : (
            <p className={classes.note}>{parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ")}</p>
          )}
        </div>
        <Textarea
          label="Why (kept in the journal)"
          placeholder="Optional"
          value={input.why}
          maxLength={500}
          onChange={(event) => change({ why: event.currentTarget.value })}
          autosize
          minRows={2}
        />
        {save.error !== null && <FailureNote error={save.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Leave it
          </Button>
          <Button type="submit" loading={save.isPending} disabled={!seen}>
            Save
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

function pick({ cron, timezone, overlap, catchupMinutes, jitterSeconds }: Schedule) {
  return { cron, timezone, overlap, catchupMinutes, jitterSeconds };
}
