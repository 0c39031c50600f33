import { memo } from "react";
import type { Annotation, Task, TaskReason } from "../../../../lib/domain/api/tasks.ts";
import { shareText } from "../../../../lib/domain/estimate-text.ts";
import { commandKey, type Command } from "../../labelling/keys.ts";
import { Act } from "../../labelling/act.tsx";
import { ClassActs } from "../../labelling/class-acts.tsx";
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
export const AnswerBar = memo(function AnswerBar({ annotation, task, canUndo, onCommand }: AnswerBarProps) {
  const { classes } = annotation;
  return (
    <section className={styles.bar} aria-label="Answer">
      <div className={styles.suggestion}>
        <span>
          The model suggests <strong>{task.predicted}</strong> <span className="figures">({shareText(task.confidence, 2)})</span>.{" "}
          {REASONS[task.reason]}
        </span>
        <div className={styles.others}>
          <Act keys={commandKey("u", classes)} disabled={!canUndo} onAct={() => onCommand({ kind: "undo" })}>
            Undo
          </Act>
          <Act keys={commandKey("s", classes)} onAct={() => onCommand({ kind: "skip" })}>
            Skip
          </Act>
          <Act keys="Enter" onAct={() => onCommand({ kind: "accept" })}>
            Accept
          </Act>
        </div>
      </div>
      <ClassActs classes={classes} onClass={(name) => onCommand({ kind: "class", name })} />
    </section>
  );
});
