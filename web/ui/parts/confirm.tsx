import { Button, Group, Modal, Textarea, TextInput } from "@mantine/core";
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
  /** For what others feel at once: this has to be typed, and a reason given. */
  readonly typed?: string;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onConfirm: (why: string) => void;
}

/** Says what will be done and asks why; the reason goes into the journal. */
export function Confirm({ opened, onClose, title, children, act, danger = false, typed, busy, error, onConfirm }: ConfirmProps) {
  const [why, setWhy] = useState("");
  const [written, setWritten] = useState("");
  const ready = typed === undefined || (written.trim() === typed && why.trim() !== "");
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={{ "aria-label": "Close" }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) onConfirm(why);
        }}
      >
        {children}
        <Textarea
          label="Why (kept in the journal)"
          placeholder={typed === undefined ? "Optional" : "For whoever asks later"}
          required={typed !== undefined}
          value={why}
          maxLength={500}
          onChange={(event) => setWhy(event.currentTarget.value)}
          mt="md"
          autosize
          minRows={2}
          data-autofocus
        />
        {typed !== undefined && (
          <TextInput
            label={`Type ${typed} to confirm`}
            value={written}
            onChange={(event) => setWritten(event.currentTarget.value)}
            required
            autoComplete="off"
            spellCheck={false}
            mt="sm"
          />
        )}
        {error !== null && error !== undefined && <FailureNote error={error} />}
        <Group justify="flex-end" mt="md" gap="xs">
          <Button variant="default" onClick={onClose}>
            Leave it
          </Button>
          <Button type="submit" loading={busy} disabled={!ready} color={danger ? "red" : "blue"}>
            {act}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
