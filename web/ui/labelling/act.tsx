import { Kbd } from "@mantine/core";
import type { ReactNode } from "react";
import styles from "./act.module.css";

interface ActProps {
  readonly keys: string;
  readonly disabled?: boolean;
  readonly onAct: () => void;
  readonly children: ReactNode;
}

/** Something that can be done by a key, and by touch or mouse as well. */
export function Act({ keys, disabled = false, onAct, children }: ActProps) {
  return (
    <button
      type="button"
      className={styles.act}
      disabled={disabled}
      // A mouse leaves the focus where it is: otherwise Enter would press the same button on the next sample.
      onMouseDown={(event) => event.preventDefault()}
      onClick={onAct}
    >
      <span>{children}</span>
      {keys !== "" && (
        <Kbd size="xs" className={styles.key} aria-hidden>
          {keys}
        </Kbd>
      )}
    </button>
  );
}
