import { Button, Group, Modal, NumberInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { read } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { FailureNote } from "../../parts/answer.tsx";
import { madeText, samplesTitle } from "./samples-title.ts";

interface SendToAnnotatorsProps {
  readonly project: string;
  readonly model: string;
  readonly split: "holdout" | "unlabelled";
  readonly actual: string | undefined;
  readonly predicted: string | undefined;
}

/** Makes tasks of the samples that are shown, and tells how many. */
export function SendToAnnotators({ project, model, split, actual, predicted }: SendToAnnotatorsProps) {
  const queryClient = useQueryClient();
  const may = useMay("task.make", project);
  const annotation = useQuery(read("showAnnotation", { params: { project } }));
  const [open, setOpen] = useState(false);
  const [limit, setLimit] = useState(100);
  const send = useMutation({
    mutationFn: () => call("makeTasks", { params: { project }, body: { model, split, actual, predicted, limit } }),
    onSuccess: (made) => {
      setOpen(false);
      notifications.show({ title: "Sent to annotators", message: madeText(made) });
    },
    onSettled: () => queryClient.invalidateQueries(),
  });
  if (!may || annotation.data?.enabled !== true) return null;
  return (
    <>
      <Button
        onClick={() => {
          send.reset();
          setOpen(true);
        }}
      >
        Send to annotators
      </Button>
      <Modal opened={open} onClose={() => setOpen(false)} title="Send to annotators?" closeButtonProps={{ "aria-label": "Close" }}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            send.mutate();
          }}
        >
          “{samplesTitle(actual, predicted)}” on the {split} data is put into the queue, the least confident first. What is asked about or
          labelled already is left out.
          <NumberInput
            label="At most"
            value={limit}
            min={1}
            max={1000}
            allowDecimal={false}
            onChange={(value) => setLimit(Math.max(1, Number(value)))}
            mt="md"
            data-autofocus
          />
          {send.error !== null && <FailureNote error={send.error} />}
          <Group justify="flex-end" mt="md" gap="xs">
            <Button variant="default" onClick={() => setOpen(false)}>
              Leave it
            </Button>
            <Button type="submit" loading={send.isPending}>
              Send
            </Button>
          </Group>
        </form>
      </Modal>
    </>
  );
}
