import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { Annotation } from "../../../../lib/domain/api/tasks.ts";
import { decodeView, type SampleRange, type SignalSource } from "../../../../lib/domain/signal/view.ts";
import { bytesOf } from "../../api/client.ts";
import type { HeldTask } from "../../labelling/device.ts";
import type { Outbox, OutboxState } from "../../labelling/outbox.ts";
import { Refusals } from "../../labelling/refusals.tsx";
import { useKeys } from "../../labelling/use-keys.ts";
import { Empty, FailureNote, Waiting } from "../../parts/answer.tsx";
import { AnswerBar } from "./answer-bar.tsx";
import type { Desk } from "./desk.ts";
import { DeskNotices } from "./desk-notices.tsx";
import { GuideDialog, KeysDialog } from "./dialogs.tsx";
import type { Command } from "../../labelling/keys.ts";
import { ProgressStrip } from "./progress-strip.tsx";
import { Sample } from "./sample.tsx";
import { openTracks, type Track, type Tracks } from "./tracks.ts";
import { firstView, holds, movedEdge, panned, viewWithin, windowOf } from "./window-place.ts";
import styles from "./annotate.module.css";

interface DeskViewProps {
  readonly desk: Desk;
  readonly annotation: Annotation;
  readonly outbox: Outbox;
  readonly sending: OutboxState;
}

/** Tasks whose tracks are computed ahead. */
const TRACKS_AHEAD = 4;
/** An edge moves by this share of the window with a key. */
const EDGE_STEPS = 20;

/** What somebody has moved on one sample; the next one begins anew. */
interface Moved {
  readonly task: string;
  readonly view?: SampleRange;
  readonly selection?: SampleRange;
}

export function DeskView({ desk, annotation, outbox, sending }: DeskViewProps) {
  const state = useSyncExternalStore(desk.subscribe, desk.state);
  const [current] = state.tasks;
  const [dialog, setDialog] = useState<"keys" | "guide" | null>(null);
  const [moved, setMoved] = useState<Moved | null>(null);
  const [said, setSaid] = useState("");
  const own = moved !== null && moved.task === current?.id ? moved : null;
  const window = current && windowOf(current.task, current.info);
  const view = own?.view ?? (current && window && firstView(window, current.info));
  const selection = own?.selection ?? window;
  const seen = useSeenSince(current?.id);
  const track = useTrack(annotation.champion?.model, state.tasks);
  const source = useSource(annotation.project, current);

  const run = (command: Command) => {
    if (command.kind === "keys" || command.kind === "guide") return setDialog(command.kind);
    if (command.kind === "undo") {
      setSaid(state.done.length > 0 ? "Taken back" : "There is nothing to take back");
      return desk.undo();
    }
    if (!current || !window || !view || !selection) return;
    const move = (change: Omit<Moved, "task">) => setMoved({ task: current.id, ...own, ...change });
    if (command.kind === "pan") {
      move({ view: panned(view, command.by * (window.to - window.from), current.info) });
    } else if (command.kind === "edge") {
      const by = command.by * Math.max(1, Math.round((window.to - window.from) / EDGE_STEPS));
      move({ selection: movedEdge(selection, command.edge, by, current.info) });
    } else if (command.kind === "skip") {
      setSaid("Skipped");
      desk.skip();
    } else {
      const name = command.kind === "class" ? command.name : current.task.predicted;
      setSaid(`Saved: ${name}`);
      desk.answer(name, selection, seen());
    }
  };
  useKeys(annotation.classes, run, dialog === null);

  return (
    <div className={styles.desk} data-task={current?.id ?? ""}>
      <ProgressStrip annotation={annotation} answered={state.answered} sending={sending} onCommand={run} />
      <p className={styles.said} role="status">
        {said}
      </p>
      <DeskNotices state={state} sending={sending} onPass={desk.passUnshown} />
      {current && window && view && selection && source ? (
        <>
          <Sample
            held={current}
            source={source}
            view={view}
            onView={(next) => setMoved({ task: current.id, ...own, view: next })}
            selection={selection}
            onSelect={(next) => setMoved({ task: current.id, ...own, selection: next })}
            track={track(current)}
            classes={annotation.classes}
            step={window.to - window.from}
          />
          <AnswerBar annotation={annotation} task={current.task} canUndo={state.done.length > 0} onCommand={run} />
        </>
      ) : (
        <NoSample
          desk={desk}
          busy={state.busy}
          failure={state.failure}
          canUndo={state.done.length > 0}
          onUndo={() => run({ kind: "undo" })}
        />
      )}
      <Refusals outbox={outbox} refused={sending.refused.filter(({ project }) => project === annotation.project)} />
      <KeysDialog classes={annotation.classes} opened={dialog === "keys"} onClose={() => setDialog(null)} />
      <GuideDialog guide={annotation.guide} opened={dialog === "guide"} onClose={() => setDialog(null)} />
    </div>
  );
}

interface NoSampleProps {
  readonly desk: Desk;
  readonly busy: boolean;
  readonly failure: unknown;
  readonly canUndo: boolean;
  readonly onUndo: () => void;
}

function NoSample({ desk, busy, failure, canUndo, onUndo }: NoSampleProps) {
  if (failure !== null) return <FailureNote error={failure} onRetry={desk.refill} busy={busy} />;
  if (busy) return <Waiting lines={10} />;
  return (
    <div className={styles.empty}>
      <Empty title="The queue is empty">
        Nothing is left that you have not seen. The next predictions bring the next tasks; they appear here by themselves.
      </Empty>
      {canUndo && (
        <button type="button" className={styles.plain} onClick={onUndo}>
          Take the last answer back
        </button>
      )}
    </div>
  );
}

/** Seconds since the sample came on screen, or since somebody came back to it. */
function useSeenSince(task: string | undefined): () => number {
  const since = useRef(0);
  useLayoutEffect(() => {
    const begin = () => {
      since.current = performance.now();
    };
    begin();
    document.addEventListener("visibilitychange", begin);
    return () => document.removeEventListener("visibilitychange", begin);
  }, [task]);
  return useCallback(() => (performance.now() - since.current) / 1000, []);
}

const NO_MODEL: Track = { state: "none", why: "no model serves yet" };

/** The champion's track of a task; those of the next ones are computed meanwhile. */
function useTrack(model: string | undefined, tasks: readonly HeldTask[]): (held: HeldTask) => Track {
  const [tracks, setTracks] = useState<Tracks | null>(null);
  useEffect(() => {
    const opened = openTracks();
    setTracks(opened);
    return () => opened.close();
  }, []);
  const version = useSyncExternalStore(tracks?.subscribe ?? nothing, tracks?.version ?? zero);
  useEffect(() => {
    if (tracks !== null && model !== undefined) tracks.want(model, tasks.slice(0, TRACKS_AHEAD));
  }, [tracks, model, tasks, version]);
  return (held) => (model === undefined ? NO_MODEL : (tracks?.trackOf(model, held) ?? { state: "coming" }));
}
const nothing = () => () => undefined;
const zero = () => 0;

/** Views of a sample: from what is here, and beyond that from the server. */
function useSource(project: string, held: HeldTask | undefined): SignalSource | null {
  const { part, info } = held ?? {};
  return useMemo(() => {
    if (!part || !info) return null;
    const { subject, recording } = info;
    return {
      view: async (from, to, columns, signal) => {
        const local = () => viewWithin(part, { from, to }, columns);
        if (holds(part, { from, to })) return local();
        try {
          return decodeView(await bytesOf("viewSignal", { params: { project }, query: { subject, recording, from, to, columns } }, signal));
        } catch (error) {
          if (signal?.aborted || part.step !== 1) throw error;
          return local();
        }
      },
    };
  }, [project, part, info]);
}
