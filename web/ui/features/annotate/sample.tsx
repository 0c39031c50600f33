import { memo, useMemo, useRef } from "react";
import type { Annotation } from "../../../../lib/domain/api/tasks.ts";
import { recordingName } from "../../../../lib/domain/recording-id.ts";
import type { SampleRange, SignalSource } from "../../../../lib/domain/signal/view.ts";
import type { HeldTask } from "../../labelling/device.ts";
import { SignalMedia } from "../../signal/signal-media.tsx";
import { SignalViewer } from "../../signal/signal-viewer.tsx";
import { usePlayback } from "../../signal/use-playback.ts";
import type { Track } from "./tracks.ts";
import { windowOf } from "./window-place.ts";
import styles from "./annotate.module.css";

interface SampleProps {
  readonly held: HeldTask;
  readonly source: SignalSource;
  readonly view: SampleRange;
  readonly onView: (view: SampleRange) => void;
  readonly selection: SampleRange;
  readonly onSelect: (selection: SampleRange) => void;
  readonly track: Track;
  readonly classes: Annotation["classes"];
  readonly step: number;
}

/**
 * The signal with what lies before and after, and over it what the champion thinks of each moment. Drawn again only when
 * something of it has changed: each answer that arrives and each task that comes renders the desk around it.
 */
export const Sample = memo(function Sample({ held, source, view, onView, selection, onSelect, track, classes, step }: SampleProps) {
  const { task, info } = held;
  const media = useRef<HTMLMediaElement>(null);
  const playback = usePlayback(info, view, onView, media);
  const spans = useMemo(
    () => (track.state === "there" ? track.spans : [{ ...windowOf(task, info), label: task.predicted, confidence: task.confidence }]),
    [track, task, info],
  );
  const names = useMemo(() => classes.map(({ name }) => name), [classes]);
  const seconds = (selection.to - selection.from) / info.rateHz;
  return (
    <section className={styles.sample} aria-label={`Sample of ${recordingName(task.recording)}`}>
      {info.media && <SignalMedia media={info.media} label={`Taken with ${recordingName(task.recording)}`} element={media} />}
      <SignalViewer
        project={task.project}
        info={info}
        source={source}
        view={view}
        onView={onView}
        selection={selection}
        onSelect={onSelect}
        track={spans}
        classes={names}
        step={step}
        playhead={playback.playhead}
        onPlay={info.media ? playback.toggle : undefined}
      />
      <p className={styles.where}>
        <span>{recordingName(task.recording)}</span>
        {info.axis === "time" && <span>{seconds.toFixed(2)} s selected</span>}
        <span>
          {track.state === "there" && "Below: what the champion says of each moment"}
          {track.state === "coming" && "The champion is looking at it"}
          {track.state === "none" && `No track of the champion: ${track.why}`}
        </span>
      </p>
    </section>
  );
});
