import { Button, FileButton, Progress } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { failureOf } from "../../api/failure.ts";
import { sendFile } from "../../api/send-files.ts";
import { Notice } from "../../parts/notice.tsx";
import { bytesText, countText } from "../../parts/number-text.ts";
import { durationText } from "../../parts/time-text.ts";
import { type Sending, begin, outcomeOf, restOf } from "./sending.ts";
import classes from "./upload-panel.module.css";

/** Files from the reader's disk, one request each: a file that was answered is safe, whatever becomes of the rest. */
export function UploadPanel({ project }: { readonly project: string }) {
  const queryClient = useQueryClient();
  const [sending, setSending] = useState<Sending | null>(null);
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);
  const going = sending !== null && sending.current !== null;

  async function send(files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    const own = new AbortController();
    stop.current = own;
    let state = begin(files, Date.now());
    const show = (next: Sending) => setSending((state = next));
    for (const file of files) {
      show({ ...state, current: file.name, currentBytes: 0 });
      try {
        const taken = await sendFile(project, file, (currentBytes) => show({ ...state, currentBytes, nowMs: Date.now() }), own.signal);
        show({ ...state, taken: state.taken + (taken.known ? 0 : 1), known: state.known + (taken.known ? 1 : 0) });
      } catch (error) {
        if (own.signal.aborted) break;
        const { message, remedy } = failureOf(error);
        show({ ...state, refused: [...state.refused, { name: file.name, why: `${message} ${remedy}` }] });
      }
      show({ ...state, doneBytes: state.doneBytes + file.size, currentBytes: 0, nowMs: Date.now() });
    }
    show({ ...state, current: null, stopped: own.signal.aborted });
    for (const name of ["countData", "listFiles", "overview"]) void queryClient.invalidateQueries({ queryKey: [name] });
  }

  return (
    <>
      <FileButton multiple onChange={(files) => void send(files)}>
        {(props) => (
          <Button {...props} size="sm" loading={going}>
            Upload files
          </Button>
        )}
      </FileButton>
      {sending !== null && (
        <div className={classes.notice}>
          {going ? (
            <Notice
              tone="neutral"
              title={`Sending ${sending.current}`}
              actions={
                <Button size="xs" variant="default" onClick={() => stop.current?.abort()}>
                  Stop
                </Button>
              }
            >
              <Progress
                value={(100 * (sending.doneBytes + sending.currentBytes)) / Math.max(1, sending.bytes)}
                size={5}
                aria-label="Bytes sent"
              />
              <span className="figures">{progressText(sending)}</span>
            </Notice>
          ) : (
            <Notice tone={sending.refused.length > 0 || sending.stopped ? "attention" : "good"} title={outcomeOf(sending)}>
              {sending.refused.map(({ name, why }) => (
                <div key={name}>
                  {name}: {why}
                </div>
              ))}
              {sending.taken > 0 && "A run stages and cleans them."}
            </Notice>
          )}
        </div>
      )}
    </>
  );
}

function progressText(sending: Sending): string {
  const rest = restOf(sending);
  const sent = `${bytesText(sending.doneBytes + sending.currentBytes)} of ${bytesText(sending.bytes)}, ${countText(sending.files)} files`;
  return rest === null ? sent : `${sent}, ${bytesText(rest.perSecond)}/s, ${durationText(Math.ceil(rest.seconds))} left`;
}
