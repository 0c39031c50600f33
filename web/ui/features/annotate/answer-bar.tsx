import { Kbd } from "@mantine/core";
import type { ReactNode } from "react";
import type { Annotation, Task, TaskReason } from "../../../../lib/domain/api/tasks.ts";
import { shareText } from "../../parts/number-text.ts";
import { commandKey, type Command } from "./keys.ts";
import styles from "./annotate.module.css";

/** Why somebody is asked; that a sample is gold is told to nobody. */
const REASONS: Readonly<Record<TaskReason, string>> = {
  uncertain: "The model is unsure.",
  contradicted: "Somebody contradicts the model.",
  disagreement: "This model and the one before it disagree.",
  confusion: "Chosen from the confusion matrix.",
  random: "Chosen at random.",
  gold: "Chosen at random.",
};

interface AnswerBarProps {
  readonly annotation: Annotation;
  readonly task: Task;
  readonly canUndo: boolean;
  readonly onCommand: (command: Command) => void;
}

/** The suggestion, the classes and the rest of what can be done, each with its key; all of it by touch as well. */
export function AnswerBar({ annotation, task, canUndo, onCommand }: AnswerBarProps) {
  const { classes } = annotation;
  return (
    <section className={styles.bar} aria-label="Answer">
      <div className={styles.suggestion}>
        <span>
          The model suggests <strong>{task.predicted}</strong>{" "}
          <span className="figures">({confidenceText(task.confidence)})</span>. {REASONS[task.reason]}
        </span>
        <Act keys="Enter" onAct={() => onCommand({ kind: "accept" })}>
          Accept
        </Act>
      </div>
      <div className={styles.classes} role="group" aria-label="Classes">
        {classes.map(({ name, key }) => (
          <Act key={name} keys={key.toUpperCase()} wide onAct={() => onCommand({ kind: "class", name })}>
            {name}
          </Act>
        ))}
      </div>
      <div className={styles.others}>
        <Act keys={commandKey("s", classes)} onAct={() => onCommand({ kind: "skip" })}>
          Skip
        </Act>
        <Act keys={commandKey("u", classes)} disabled={!canUndo} onAct={() => onCommand({ kind: "undo" })}>
          Undo
        </Act>
      </div>
    </section>
  );
}

interface ActProps {
  readonly keys: string;
  readonly wide?: boolean;
  readonly disabled?: boolean;
  readonly onAct: () => void;
  readonly children: ReactNode;
}

function Act({ keys, wide = false, disabled = false, onAct, children }: ActProps) {
  return (
    <button
      type="button"
      className={styles.act}
      data-wide={wide}
      disabled={disabled}
      // A mouse leaves the focus where it is: otherwise Enter would press the same button on the next sample.
      onMouseDown={(event) => event.preventDefault()}
      onClick={onAct}
    >
      <span>{children}</span>
      {keys !== "" && (
        <Kbd size="xs" aria-hidden>
          {keys}
        </Kbd>
      )}
    </button>
  );
}
