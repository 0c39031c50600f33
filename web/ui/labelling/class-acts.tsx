import type { Annotation } from "../../../lib/domain/api/tasks.ts";
import { Act } from "./act.tsx";
import styles from "./act.module.css";

interface ClassActsProps {
  readonly classes: Annotation["classes"];
  readonly disabled?: boolean;
  readonly onClass: (name: string) => void;
}

/** The classes of a project, each with its key. */
export function ClassActs({ classes, disabled, onClass }: ClassActsProps) {
  return (
    <div className={styles.classes} role="group" aria-label="Classes">
      {classes.map(({ name, key }) => (
        <Act key={name} keys={key.toUpperCase()} disabled={disabled} onAct={() => onClass(name)}>
          {name}
        </Act>
      ))}
    </div>
  );
}
