import { useEffect, useLayoutEffect, useRef } from "react";
import type { Annotation } from "../../../lib/domain/api/tasks.ts";
import { commandOf, isForPage, type Command } from "./keys.ts";

/** Keys work wherever the focus is, but in fields and dialogs. */
export function useKeys(classes: Annotation["classes"], run: (command: Command) => void, enabled: boolean): void {
  const latest = useRef(run);
  useLayoutEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    if (!enabled) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || !isForPage(event.target, event.key)) return;
      const command = commandOf(event, classes);
      if (command === null) return;
      event.preventDefault();
      latest.current(command);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [classes, enabled]);
}
