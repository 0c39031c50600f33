import { Button, Group, Modal, NumberInput, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Backfilled } from "../../../../lib/domain/api/nights.ts";
import { call } from "../../api/client.ts";
import { FailureNote } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { exactText } from "../../parts/time-text.ts";
import classes from "./schedule-editor.module.css";

const DAY_MS = 86_400_000;
const dayText = (time: number) => exactText(new Date(time).toISOString()).slice(0, 10);

/** The nights of a range that did not happen: first shown, then started. */
export function Backfill({ project, zone }: { readonly project: string; readonly zone: string }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setOpen(true)}>
        Backfill
      </Button>
      {open && <BackfillDialog project={project} zone={zone} onClose={() => setOpen(false)} />}
    </>
  );
}

interface BackfillDialogProps {
  readonly project: string;
  readonly zone: string;
  readonly onClose: () => void;
}

function BackfillDialog({ project, zone, onClose }: BackfillDialogProps) {
  const queryClient = useQueryClient();
  const [from, setFrom] = useState(() => dayText(Date.now() - 7 * DAY_MS));
  const [to, setTo] = useState(() => dayText(Date.now()));
  const [parallel, setParallel] = useState(1);
  const range = rangeOf(from, to);
  const ask = useMutation({
    mutationFn: (dryRun: boolean) => {
      if (range === null) throw new Error("The range is empty.");
      return call("backfillSchedule", { params: { project }, body: { ...range, parallel, dryRun } });
    },
    onSuccess: ({ dryRun, nights }) => {
      if (dryRun) return;
      notifications.show({ title: "Backfill begun", message: `${missing(nights).length} nights, oldest first.` });
      void queryClient.invalidateQueries();
      onClose();
    },
  });
  // What was shown is of the range that was asked about, not of one entered since.
  const shown = ask.data?.dryRun === true ? ask.data.nights : null;
  const edit = (change: () => void) => {
    ask.reset();
    change();
  };
  const starts = shown === null ? 0 : missing(shown).length;
  return (
    <Modal opened onClose={onClose} title="Backfill nights" size="lg" closeButtonProps={{ "aria-label": "Close" }}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (range !== null) ask.mutate(shown === null);
        }}
      >
        <div>
          Each night of the range that did not happen is made up for with the files and labels that had come in by then. Nothing starts
          before you have seen which.
        </div>
        <div className={classes.fields}>
          <TextInput
            type="date"
            label="From"
            value={from}
            onChange={({ currentTarget: { value } }) => edit(() => setFrom(value))}
            data-autofocus
          />
          <TextInput
            type="date"
            label="To, the day included"
            value={to}
            onChange={({ currentTarget: { value } }) => edit(() => setTo(value))}
          />
          <NumberInput
            label="At once"
            description="1 to 4; those of one slot train one after another"
            value={parallel}
            min={1}
            max={4}
            allowDecimal={false}
            onChange={(value) => edit(() => setParallel(Number(value)))}
          />
        </div>
        {range === null && <p className={classes.note}>The range ends before it begins.</p>}
        {shown !== null && <Found nights={shown} zone={zone} />}
        {ask.error !== null && <FailureNote error={ask.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Leave it
          </Button>
          {shown === null ? (
            <Button type="submit" loading={ask.isPending} disabled={range === null}>
              Show which
            </Button>
          ) : (
            <Button type="submit" loading={ask.isPending} disabled={starts === 0}>
              {starts === 1 ? "Start 1 night" : `Start ${starts} nights`}
            </Button>
          )}
        </Group>
      </form>
    </Modal>
  );
}

type BackfilledNight = Backfilled["nights"][number];
const missing = (nights: readonly BackfilledNight[]) => nights.filter(({ known }) => !known);

function Found({ nights, zone }: { readonly nights: readonly BackfilledNight[]; readonly zone: string }) {
  if (nights.length === 0) return <p className={classes.note}>The schedule has no night in this range.</p>;
  const columns: readonly Column<BackfilledNight>[] = [
    {
      name: `Due in ${zone}`,
      head: true,
      cell: ({ at, local }) => (
        <time dateTime={at} title={`${exactText(at)} by your clock`}>
          {local}
        </time>
      ),
    },
    { name: "What happens", cell: ({ known }) => (known ? "took place already" : "will be started") },
    { name: "Note", wrap: true, muted: true, cell: ({ note }) => note ?? "" },
  ];
  return <DataTable label="Nights of the range" rows={nights} columns={columns} rowKey={({ at }) => at} tall />;
}

/** Whole days by the reader's clock, the last one included; null where there is none between them. */
function rangeOf(from: string, to: string): { from: string; to: string } | null {
  const [begin, end] = [new Date(`${from}T00:00`), new Date(`${to}T00:00`)];
  if (Number.isNaN(begin.getTime()) || Number.isNaN(end.getTime())) return null;
  end.setDate(end.getDate() + 1);
  return begin < end ? { from: begin.toISOString(), to: end.toISOString() } : null;
}
