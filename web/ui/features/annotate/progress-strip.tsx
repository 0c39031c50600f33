import { Button } from "@mantine/core";
import type { Annotation } from "../../../../lib/domain/api/tasks.ts";
import type { OutboxState } from "../../labelling/outbox.ts";
import { countText } from "../../parts/number-text.ts";
import type { Command } from "../../labelling/keys.ts";
import { gainText, linkText, retrainText } from "./progress-text.ts";
import styles from "./annotate.module.css";

interface ProgressStripProps {
  readonly annotation: Annotation;
  readonly answered: number;
  readonly sending: OutboxState;
  readonly onCommand: (command: Command) => void;
}

/** How far one is, what the labels bring, and whether they have arrived. */
export function ProgressStrip({ annotation, answered, sending, onCommand }: ProgressStripProps) {
  const { queue, retrain, gainPerHundred } = annotation;
  return (
    <header className={styles.strip}>
      <h1>Annotate</h1>
      <dl className={styles.figures}>
        <Figure name="In the queue" value={countText(queue.open)} />
        <Figure name="Yours today" value={countText(Math.max(queue.doneByMeToday, answered))} />
        <Figure aside name="A hundred labels bring" value={gainText(gainPerHundred)} />
        <Figure aside name="Next retraining" value={retrainText(retrain)} />
        <Figure name="Answers" value={linkText(sending)} tone={sending.link === "well" ? undefined : "attention"} />
      </dl>
      <div className={styles.tools}>
        <Button size="compact-sm" variant="default" onClick={() => onCommand({ kind: "guide" })}>
          Guide
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => onCommand({ kind: "keys" })}>
          Keys
        </Button>
      </div>
    </header>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly tone?: "attention";
  /** Left out where the screen is narrow. */
  readonly aside?: true;
}

function Figure({ name, value, tone, aside }: FigureProps) {
  return (
    <div data-tone={tone} data-aside={aside}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
