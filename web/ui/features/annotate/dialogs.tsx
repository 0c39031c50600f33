import { Kbd, Modal } from "@mantine/core";
import { lazy, Suspense } from "react";
import type { Annotation } from "../../../../lib/domain/api/tasks.ts";
import { Empty, Waiting } from "../../parts/answer.tsx";
import { commandKey } from "../../labelling/keys.ts";
import styles from "./annotate.module.css";

/** Only who opens the guide needs to read Markdown. */
const Markdown = lazy(() => import("react-markdown"));

interface DialogProps {
  readonly opened: boolean;
  readonly onClose: () => void;
}

export function GuideDialog({ guide, opened, onClose }: DialogProps & { readonly guide: string }) {
  return (
    <Modal opened={opened} onClose={onClose} title="How to tell the classes apart" size="lg" closeButtonProps={{ "aria-label": "Close" }}>
      {guide === "" ? (
        <Empty title="No guide yet">`annotation.guide` in the spec holds it.</Empty>
      ) : (
        <Suspense fallback={<Waiting lines={6} />}>
          <div className={styles.guide}>
            {/* Pictures and links of elsewhere are nothing that a page under our policy could show or should lead to. */}
            <Markdown disallowedElements={["img", "a"]} unwrapDisallowed>
              {guide}
            </Markdown>
          </div>
        </Suspense>
      )}
    </Modal>
  );
}

export function KeysDialog({ classes, opened, onClose }: DialogProps & { readonly classes: Annotation["classes"] }) {
  const keys: readonly (readonly [string, string])[] = [
    ...classes.filter(({ key }) => key !== "").map(({ name, key }) => [key.toUpperCase(), name] as const),
    ["Enter", "Accept the suggestion"],
    [commandKey("s", classes), "Skip: somebody else is asked"],
    [`${commandKey("u", classes)} or Ctrl Z`, "Undo, up to ten answers back"],
    ["← →", "See what came before and after"],
    ["Shift ← →", "Move the end of the interval"],
    ["Shift ↓ ↑", "Move its beginning"],
    [commandKey("g", classes), "Guide"],
    ["?", "These keys"],
  ];
  return (
    <Modal opened={opened} onClose={onClose} title="Keys" closeButtonProps={{ "aria-label": "Close" }}>
      <dl className={styles.keys}>
        {keys.map(([key, meaning]) => (
          <div key={meaning}>
            <dt>
              <Kbd>{key}</Kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
