import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { SignalInfo } from "../../../lib/domain/api/signals.ts";
import type { SampleRange } from "../../../lib/domain/signal/view.ts";
import { read } from "../api/queries.ts";
import { Answer } from "../parts/answer.tsx";
import { useSignalSource } from "./signal-source.ts";
import { SignalViewer } from "./signal-viewer.tsx";

interface WindowSignalProps {
  readonly project: string;
  readonly subject: string;
  readonly recording: string;
  /** What is looked at, in samples of the recording's clock. */
  readonly window: SampleRange;
}

/** How many windows are shown on either side at first. */
const CONTEXT = 2;

/** One window of a recording with what lies before and after; give it a key of the window, so that the view begins anew. */
export function WindowSignal({ project, subject, recording, window }: WindowSignalProps) {
  const info = useQuery(read("showSignal", { params: { project }, query: { subject, recording } }));
  const annotation = useQuery(read("showAnnotation", { params: { project } }));
  const classes = annotation.data?.classes.map(({ name }) => name);
  return (
    <Answer query={info} lines={8}>
      {(data) => (
        <Shown project={project} info={data} window={window} classes={classes ?? [...new Set(data.labels.map(({ label }) => label))]} />
      )}
    </Answer>
  );
}

interface ShownProps extends Pick<WindowSignalProps, "project" | "window"> {
  readonly info: SignalInfo;
  readonly classes: readonly string[];
}

function Shown({ project, info, window, classes }: ShownProps) {
  const { subject, recording, samples } = info;
  const length = window.to - window.from;
  const [view, setView] = useState<SampleRange>(() => ({
    from: Math.max(0, window.from - CONTEXT * length),
    to: Math.min(samples, window.to + CONTEXT * length),
  }));
  const source = useSignalSource(project, subject, recording);
  return (
    <SignalViewer
      project={project}
      info={info}
      source={source}
      view={view}
      onView={setView}
      selection={window}
      track={null}
      classes={classes}
      step={length}
    />
  );
}
