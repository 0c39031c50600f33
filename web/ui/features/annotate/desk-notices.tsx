import { Button } from "@mantine/core";
import type { OutboxState } from "../../labelling/outbox.ts";
import { Notice } from "../../parts/notice.tsx";
import type { DeskState } from "./desk.ts";

interface DeskNoticesProps {
  readonly state: DeskState;
  readonly sending: OutboxState;
  readonly onPass: () => void;
}

/** What has to be known before going on. */
export function DeskNotices({ state: { unshown, failure, tasks }, sending, onPass }: DeskNoticesProps) {
  const first = unshown[0];
  return (
    <>
      {sending.fleeting && (
        <Notice tone="attention" title="This browser keeps nothing for this page">
          Answers that have not been sent are lost when the page is closed. Wait until all are sent.
        </Notice>
      )}
      {failure !== null && tasks.length > 0 && (
        <Notice tone="neutral" title={`Going on with what is here: ${tasks.length === 1 ? "1 task" : `${tasks.length} tasks`}`}>
          {failure.message} Answers are kept on this device, and sent as soon as it answers.
        </Notice>
      )}
      {first !== undefined && (
        <Notice
          tone="attention"
          title={unshown.length === 1 ? "A task cannot be shown" : `${unshown.length} tasks cannot be shown`}
          actions={
            <Button size="xs" variant="default" onClick={onPass}>
              Pass them on
            </Button>
          }
        >
          {first.failure.message}
        </Notice>
      )}
    </>
  );
}
