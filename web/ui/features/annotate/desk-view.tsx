import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { Annotation } from "../../../../lib/domain/api/tasks.ts";
import type { SampleRange, SignalSource } from "../../../../lib/domain/signal/view.ts";
import type { HeldTask } from "../../labelling/device.ts";
import type { Outbox, OutboxState } from "../../labelling/outbox.ts";
import { Refusals } from "../../labelling/refusals.tsx";
import { sourceOf } from "../../signal/signal-source.ts";
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
import { firstView, movedEdge, panned, windowOf } from "./window-place.ts";
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
  const first = useMemo(() => {
    if (!current) return undefined;
    const window = windowOf(current.task, current.info);
    return { window, view: firstView(window, current.info) };
  }, [current]);
  const window = first?.window;
  const view = own?.view ?? first?.view;
  const selection = own?.selection ?? window;
  const seen = useSeenSince(current?.id);
  const track = useTrack(annotation.champion?.model, state.tasks);
  const source = useSource(annotation.project, current);

  const task = current?.id;
  const move = useCallback(
    (change: Omit<Moved, "task">) => {
      if (task !== undefined) setMoved((before) => ({ ...(before?.task === task ? before : undefined), task, ...change }));
    },
    [task],
  );
  const onView = useCallback((next: SampleRange) => move({ view: next }), [move]);
  const onSelect = useCallback((next: SampleRange) => move({ selection: next }), [move]);
  const run = (command: Command) => {
    if (command.kind === "keys" || command.kind === "guide") return setDialog(command.kind);
    if (command.kind === "undo") {
      setSaid(state.done.length > 0 ? "Taken back" : "There is nothing to take back");
      return desk.undo();
    }
    if (!current || !window || !view || !selection) return;
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
  const latest = useRef(run);
  useLayoutEffect(() => {
    latest.current = run;
  });
  const onCommand = useCallback((command: Command) => latest.current(command), []);

  return (
    <div className={styles.desk} data-task={current?.id ?? ""}>
      <ProgressStrip annotation={annotation} answered={state.answered} sending={sending} onCommand={onCommand} />
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
            onView={onView}
            selection={selection}
            onSelect={onSelect}
            track={track(current)}
            classes={annotation.classes}
            step={window.to - window.from}
          />
          <AnswerBar annotation={annotation} task={current.task} canUndo={state.done.length > 0} onCommand={onCommand} />
        </>
      ) : (
        <NoSample
          desk={desk}
          busy={state.busy}
          failure={state.failure}
          open={annotation.queue.open}
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
  /** Tasks of the queue; where there are some, others have them. */
  readonly open: number;
  readonly canUndo: boolean;
  readonly onUndo: () => void;
}

function NoSample({ desk, busy, failure, open, canUndo, onUndo }: NoSampleProps) {
  if (failure !== null) return <FailureNote error={failure} onRetry={desk.refill} busy={busy} />;
  if (busy) return <Waiting lines={10} />;
  return (
    <div className={styles.empty}>
      {open > 0 ? (
        <Empty title="Nothing for you now">
          What is left in the queue is in other hands, or was in yours. It comes back when others leave it; new tasks appear here by
          themselves.
        </Empty>
      ) : (
        <Empty title="The queue is empty">
          Nothing is left to be asked. The next predictions bring the next tasks; they appear here by themselves.
        </Empty>
      )}
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

/** Views of a sample: what came with it, and beyond that from the server. */
function useSource(project: string, held: HeldTask | undefined): SignalSource | null {
  const { part, overview, info } = held ?? {};
  return useMemo(
    () => (part && overview && info ? { ...sourceOf(project, info), here: { part, overview } } : null),
    [project, part, overview, info],
  );
}
