import { Button, Kbd } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Label } from "../../../../lib/domain/api/labels.ts";
import type { Annotation, Task } from "../../../../lib/domain/api/tasks.ts";
import { shareText } from "../../../../lib/domain/estimate-text.ts";
import { recordingName } from "../../../../lib/domain/recording-id.ts";
import { call } from "../../api/client.ts";
import { newUuid } from "../../api/new-id.ts";
import { read } from "../../api/queries.ts";
import { Answer, Empty, FailureNote } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Ago } from "../../parts/when.tsx";
import { WindowSignal } from "../../signal/window-signal.tsx";
import { classOfKey, opinionsOf } from "./answer-keys.ts";
import classes from "./decision.module.css";

interface DecisionProps {
  readonly project: string;
  readonly task: string;
  readonly annotation: Annotation;
  /** Called once it is decided: on to the next. */
  readonly onDecided: () => void;
}

/** The answers side by side over the signal, and a key for each class. */
export function Decision({ project, task, annotation, onDecided }: DecisionProps) {
  const detail = useQuery(read("showTask", { params: { project, task } }));
  return (
    <Answer query={detail} lines={10}>
      {(data) => <Shown task={data.task} answers={data.answers} annotation={annotation} onDecided={onDecided} />}
    </Answer>
  );
}

interface ShownProps extends Pick<DecisionProps, "annotation" | "onDecided"> {
  readonly task: Task;
  readonly answers: readonly Label[];
}

function Shown({ task, answers, annotation, onDecided }: ShownProps) {
  const queryClient = useQueryClient();
  const { id, project, subject, recording, from, to, state, version, predicted, confidence, claimed } = task;
  const open = annotation.mayAdjudicate && state === "adjudicate";
  const decide = useMutation({
    // The label's id is made here once: a retry of the same request is the same decision.
    mutationFn: (decided: { id: string; class: string }) =>
      call("adjudicateTask", { params: { project, task: id }, body: { ...decided, version } }),
    onSuccess: (_, decided) => {
      notifications.show({ title: "Decided", message: `${recordingName(recording)}: ${decided.class}` });
      onDecided();
    },
    onSettled: () => queryClient.invalidateQueries(),
  });
  const { mutate, isPending } = decide;
  useEffect(() => {
    if (!open) return;
    const onKey = (event: KeyboardEvent) => {
      const chosen = event.repeat || isPending ? null : classOfKey(event, annotation.classes);
      if (chosen !== null) mutate({ id: newUuid(), class: chosen });
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [open, isPending, mutate, annotation.classes]);
  const opinions = opinionsOf(
    answers,
    annotation.classes.map(({ name }) => name),
  );
  return (
    <>
      <Panel
        title={recordingName(recording)}
        aside={`the model says ${predicted} at ${shareText(confidence, 2)}${claimed === null ? "" : `, claimed ${claimed}`}`}
      >
        <WindowSignal key={id} project={project} subject={subject} recording={recording} window={{ from, to }} />
      </Panel>
      <Panel title="Decide">
        {open ? (
          <div className={classes.classes}>
            {annotation.classes.map(({ name, key }) => {
              const by = opinions.find((opinion) => opinion.class === name)?.by ?? [];
              return (
                <Button
                  key={name}
                  variant={by.length > 0 ? "light" : "default"}
                  justify="flex-start"
                  leftSection={<Kbd size="xs">{key}</Kbd>}
                  rightSection={by.length > 0 && <span className={classes.by}>{by.join(", ")}</span>}
                  disabled={isPending}
                  onClick={() => mutate({ id: newUuid(), class: name })}
                >
                  {name}
                </Button>
              );
            })}
          </div>
        ) : (
          <Closed task={task} may={annotation.mayAdjudicate} />
        )}
        {decide.error !== null && <FailureNote error={decide.error} />}
      </Panel>
      <Panel title="Answers" flush>
        {answers.length === 0 ? (
          <Empty title="No answer to be seen">Whoever may still be asked does not see what others said.</Empty>
        ) : (
          <DataTable label="Answers" rows={answers} columns={ANSWERS} rowKey={(answer) => answer.id} />
        )}
      </Panel>
    </>
  );
}

function Closed({ task: { state, outcome, answers, wanted }, may }: { readonly task: Task; readonly may: boolean }) {
  if (state === "done") return <p className={classes.closed}>It is done: {outcome}.</p>;
  if (state === "withdrawn") return <p className={classes.closed}>It was withdrawn.</p>;
  if (state === "open") {
    return (
      <p className={classes.closed}>
        It still waits for answers: {answers} of {wanted}. There is nothing to decide before.
      </p>
    );
  }
  return (
    <p className={classes.closed}>
      {may ? "It cannot be decided now." : "Engineers, and the experts whom the spec names, decide. You can look."}
    </p>
  );
}

const ANSWERS: readonly Column<Label>[] = [
  { name: "Who", head: true, cell: ({ by }) => by },
  { name: "Says", cell: (answer) => answer.class ?? "taken back" },
  { name: "As", cell: ({ authority }) => authority },
  { name: "From, to", number: true, from: "middle", cell: ({ from, to }) => `${from}–${to}` },
  { name: "Took", number: true, cell: ({ seconds }) => (seconds === null ? "–" : `${seconds.toFixed(1)} s`) },
  { name: "When", from: "middle", cell: ({ at }) => <Ago time={at} /> },
];
