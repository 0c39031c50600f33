import { Button } from "@mantine/core";
import { recordingName } from "../../../lib/domain/recording-id.ts";
import { Panel } from "../parts/panel.tsx";
import { Ago } from "../parts/when.tsx";
import { insisted, type Refusal } from "./answers.ts";
import type { Outbox } from "./outbox.ts";
import classes from "./refusals.module.css";

interface RefusalsProps {
  readonly outbox: Outbox;
  readonly refused: readonly Refusal[];
}

/** Answers that the server did not take: each stays here until somebody has decided about it. */
export function Refusals({ outbox, refused }: RefusalsProps) {
  if (refused.length === 0) return null;
  return (
    <Panel title="Answers that were not taken" aside={refused.length}>
      <ul className={classes.list}>
        {refused.map((refusal) => (
          <li key={refusal.id}>
            <Refused refusal={refusal} outbox={outbox} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Refused({ refusal, outbox }: { readonly refusal: Refusal; readonly outbox: Outbox }) {
  const { id, project, act, winner, message, remedy, code } = refusal;
  const again = insisted(refusal);
  const mine = act.kind === "label" ? act.label.class : null;
  const where = act.kind === "label" ? `${recordingName(act.label.recording)}, from sample ${act.label.from} to ${act.label.to}` : null;
  return (
    <div className={classes.row}>
      <div className={classes.text}>
        {winner === null ? (
          <>
            <strong>{mine === null ? "Taking a label back" : `Your answer: ${mine}`}</strong>
            <p>
              {message} {remedy} <span className={classes.code}>{code}</span>
            </p>
          </>
        ) : (
          <>
            <strong>
              You said {mine}, {winner.by} said {winner.class ?? "nothing"} first
            </strong>
            <p>
              Signed <Ago time={winner.at} />
              {mine === winner.class && ": you agree"}
            </p>
          </>
        )}
        {where !== null && <p className={classes.where}>{where}</p>}
      </div>
      <div className={classes.actions}>
        <Button size="xs" variant="default" onClick={() => outbox.dismiss(id)}>
          {winner === null ? "I have read it" : "Keep theirs"}
        </Button>
        {again !== undefined && mine !== winner?.class && (
          <Button
            size="xs"
            variant="default"
            title="A second opinion: someone decides between the two"
            onClick={() => {
              outbox.add(project, again);
              outbox.dismiss(id);
            }}
          >
            Say it anyway
          </Button>
        )}
      </div>
    </div>
  );
}
