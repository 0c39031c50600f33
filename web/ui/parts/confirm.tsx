import { Button, Group, Modal, Textarea } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { FailureNote } from "./answer.tsx";

interface ConfirmProps {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly title: string;
  /** What will happen, and how it can be undone. */
  readonly children: ReactNode;
  /** The act by its name; never "OK". */
  readonly act: string;
  readonly danger?: boolean;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onConfirm: (why: string) => void;
}

/** Says what will be done and asks why; the reason goes into the journal. */
export function Confirm({ opened, onClose, title, children, act, danger = false, busy, error, onConfirm }: ConfirmProps) {
  const [why, setWhy] = useState("");
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={{ "aria-label": "Close" }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm(why);
        }}
      >
        {children}
        <Textarea
          label="Why (kept in the journal)"
          placeholder="Optional"
          value={why}
          maxLength={500}
          onChange={(event) => setWhy(event.currentTarget.value)}
          mt="md"
          autosize
          minRows={2}
          data-autofocus
        />
        {error !== null && error !== undefined && <FailureNote error={error} />}
        <Group justify="flex-end" mt="md" gap="xs">
          <Button variant="default" onClick={onClose}>
            Leave it
          </Button>
          <Button type="submit" loading={busy} color={danger ? "red" : "blue"}>
            {act}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
