import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { AddLabel } from "../../../lib/domain/api/labels.ts";
import type { SignalInfo } from "../../../lib/domain/api/signals.ts";
import type { Annotation } from "../../../lib/domain/api/tasks.ts";
import type { SampleRange } from "../../../lib/domain/signal/view.ts";
import { newUuid } from "../api/new-id.ts";
import { read } from "../api/queries.ts";
import { session, useMay } from "../api/session.ts";
import { Answer } from "../parts/answer.tsx";
import { Panel } from "../parts/panel.tsx";
import { Ago } from "../parts/when.tsx";
import type { Act } from "./answers.ts";
import { ClassActs } from "./class-acts.tsx";
import { Refusals } from "./refusals.tsx";
import { useKeys } from "./use-keys.ts";
import { useOutbox } from "./use-outbox.ts";
import styles from "./recording-labels.module.css";
import classes from "./refusals.module.css";

interface RecordingLabelsProps {
  readonly info: SignalInfo;
  readonly selection: SampleRange | null;
  /** Shows a label's interval, to be seen or moved. */
  readonly onSelect: (selection: SampleRange | null) => void;
}

/** Labels intervals of a whole recording: select, press the key of a class. For whoever may label, where a project asks. */
export function RecordingLabels(props: RecordingLabelsProps) {
  const { project } = props.info;
  const { data: me } = useQuery(session);
  const annotation = useQuery(read("showAnnotation", { params: { project } }));
  const may = useMay("label.add", project);
  if (me === undefined || !may || annotation.data?.enabled !== true) return null;
  return <Labels {...props} account={me.account} annotation={annotation.data} />;
}

function Labels({
  info,
  selection,
  onSelect,
  account,
  annotation,
}: RecordingLabelsProps & { readonly account: string; readonly annotation: Annotation }) {
  const { project, subject, recording } = info;
  const { outbox, state } = useOutbox(account);
  const signed = useQuery(read("listLabels", { params: { project }, query: { subject, recording, standing: "true", limit: 200 } }));
  const here = ({ act }: { readonly act: Act }) =>
    act.kind === "label" && act.label.subject === subject && act.label.recording === recording;
  const waiting = state.waiting.filter((each) => each.project === project && here(each));
  const goneSoon = new Set(state.waiting.flatMap(({ act }) => (act.kind === "withdraw" ? [act.label] : [])));

  const sign = (name: string) => {
    if (selection === null) return;
    // Labels without a task are signed at the rate of the project, which is that of its signals.
    const label: AddLabel = { id: newUuid(), subject, recording, from: selection.from, to: selection.to, class: name, confirmation: false };
    outbox.add(project, { kind: "label", label });
    onSelect(null);
  };
  const takeBack = (id: string, label: Pick<AddLabel, "from" | "to" | "class">) => {
    outbox.takeBack(project, id, { kind: "label", label: { id, subject, recording, confirmation: false, ...label } });
    onSelect({ from: label.from, to: label.to });
  };
  const mine = (signed.data?.items ?? []).filter(({ by, task, id }) => by === account && task === null && !goneSoon.has(id));
  useKeys(
    annotation.classes,
    (command) => {
      if (command.kind === "class") sign(command.name);
      if (command.kind !== "undo") return;
      const last = waiting.at(-1)?.act ?? null;
      if (last?.kind === "label") takeBack(last.label.id, last.label);
      else if (mine[0]) takeBack(mine[0].id, { ...mine[0], class: mine[0].class ?? "" });
    },
    true,
  );

  return (
    <div className={styles.panels}>
      <Panel title="Label" aside={state.waiting.length > 0 ? `${state.waiting.length} kept here until they are sent` : undefined}>
        <p className={styles.hint}>
          {selection === null
            ? "Select an interval: hold Shift and drag over the signal; then press the key of a class."
            : `Samples ${selection.from} to ${selection.to}, ${((selection.to - selection.from) / info.rateHz).toFixed(2)} s.`}
        </p>
        <ClassActs classes={annotation.classes} disabled={selection === null} onClass={sign} />
      </Panel>
      <Refusals outbox={outbox} refused={state.refused.filter((refusal) => refusal.project === project && here(refusal))} />
      <Panel title="Your labels of this recording" aside={mine.length + waiting.length}>
        <Answer query={signed}>
          {() => (
            <ul className={classes.list}>
              {waiting.map(({ id, act }) =>
                act.kind === "label" ? (
                  <Row
                    key={id}
                    label={act.label}
                    info={info}
                    note="not sent yet"
                    onSelect={onSelect}
                    onUndo={() => takeBack(id, act.label)}
                  />
                ) : null,
              )}
              {mine.map((label) => (
                <Row
                  key={label.id}
                  label={{ ...label, class: label.class ?? "" }}
                  info={info}
                  note={<Ago time={label.at} />}
                  onSelect={onSelect}
                  onUndo={() => takeBack(label.id, { ...label, class: label.class ?? "" })}
                />
              ))}
            </ul>
          )}
        </Answer>
      </Panel>
    </div>
  );
}

interface RowProps extends Pick<RecordingLabelsProps, "info" | "onSelect"> {
  readonly label: Pick<AddLabel, "from" | "to" | "class">;
  readonly note: ReactNode;
  readonly onUndo: () => void;
}

function Row({ label: { from, to, class: name }, info, note, onSelect, onUndo }: RowProps) {
  return (
    <li className={classes.row}>
      <div className={classes.text}>
        <strong>{name}</strong>{" "}
        <span className={classes.where}>
          {((to - from) / info.rateHz).toFixed(2)} s, {note}
        </span>
      </div>
      <div className={classes.actions}>
        <Button size="xs" variant="default" onClick={() => onSelect({ from, to })}>
          Show
        </Button>
        <Button size="xs" variant="default" onClick={onUndo}>
          Take back
        </Button>
      </div>
    </li>
  );
}
