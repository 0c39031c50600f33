import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import type { SignalInfo } from "../../../../lib/domain/api/signals.ts";
import { recordingName } from "../../../../lib/domain/recording-id.ts";
import type { SampleRange } from "../../../../lib/domain/signal/view.ts";
import { fit, within } from "../../../../lib/domain/signal/zoom.ts";
import { read } from "../../api/queries.ts";
import { RecordingLabels } from "../../labelling/recording-labels.tsx";
import { Answer } from "../../parts/answer.tsx";
import { PageHead, Panel } from "../../parts/panel.tsx";
import { PlaybackBar } from "../../signal/playback-bar.tsx";
import { SignalMedia } from "../../signal/signal-media.tsx";
import { useSignalSource } from "../../signal/signal-source.ts";
import { SignalViewer } from "../../signal/signal-viewer.tsx";
import { usePlayback } from "../../signal/use-playback.ts";
import { RecordingList } from "./recording-list.tsx";
import classes from "./recording-page.module.css";

const route = getRouteApi("/p/$project/recordings");

/** After this long without a change the address says what is shown. */
const ADDRESS_MS = 300;

/** What is in a recording, from end to end: and, without one named, which to look at first. */
export function RecordingPage() {
  const { project } = route.useParams();
  const { subject, recording } = route.useSearch();
  if (subject === undefined || recording === undefined) return <RecordingList project={project} />;
  return <OneRecording key={`${subject}\n${recording}`} project={project} subject={subject} recording={recording} />;
}

function OneRecording({ project, subject, recording }: { readonly project: string; readonly subject: string; readonly recording: string }) {
  const info = useQuery(read("showSignal", { params: { project }, query: { subject, recording } }));
  const shown = useQuery(read("showProject", { params: { project } }));
  return (
    <>
      <PageHead
        title={recordingName(recording)}
        note={
          <Link to="/p/$project/recordings" params={{ project }}>
            All recordings
          </Link>
        }
      />
      <Answer query={info} lines={12}>
        {(data) => <Signal project={project} info={data} classNames={shown.data?.classes ?? []} />}
      </Answer>
    </>
  );
}

interface SignalProps {
  readonly project: string;
  readonly info: SignalInfo;
  readonly classNames: readonly string[];
}

function Signal({ project, info, classNames }: SignalProps) {
  const { from, to } = route.useSearch();
  const navigate = route.useNavigate();
  const source = useSignalSource(project, info.subject, info.recording);
  const [view, setView] = useState<SampleRange>(() =>
    from !== undefined && to !== undefined && to > from ? within({ from, to }, info.samples) : fit(info.samples),
  );
  const [selection, setSelection] = useState<SampleRange | null>(null);
  const media = useRef<HTMLMediaElement>(null);
  const show = useCallback((next: SampleRange) => setView(next), []);
  const playback = usePlayback(info, view, show, media);

  useEffect(() => {
    const timer = setTimeout(() => {
      const [begin, end] = [Math.round(view.from), Math.round(view.to)];
      if (begin === (from ?? 0) && end === (to ?? fit(info.samples).to)) return;
      void navigate({ search: (before) => ({ ...before, from: begin, to: end }), replace: true, resetScroll: false });
    }, ADDRESS_MS);
    return () => clearTimeout(timer);
  }, [view, from, to, info.samples, navigate]);

  return (
    <>
      <Panel title={info.channels.length === 1 ? "Signal" : "Signals"} aside={info.axis === "time" && <PlaybackBar {...playback} />}>
        <div className={classes.signal} data-media={info.media?.kind}>
          {info.media && <SignalMedia media={info.media} label={`Taken with ${recordingName(info.recording)}`} element={media} />}
          <SignalViewer
            project={project}
            info={info}
            source={source}
            view={view}
            onView={show}
            selection={selection}
            onSelect={setSelection}
            track={null}
            classes={classNames}
            step={Math.max(1, Math.round((view.to - view.from) / 4))}
            playhead={playback.playhead}
            onPlay={info.axis === "time" ? playback.toggle : undefined}
          />
        </div>
      </Panel>
      <RecordingLabels info={info} selection={selection} onSelect={setSelection} />
    </>
  );
}
