import { ActionIcon, useComputedColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconArrowsVertical, IconBaselineDensityMedium, IconMaximize, IconZoomIn, IconZoomOut } from "@tabler/icons-react";
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { SignalInfo } from "../../../lib/domain/api/signals.ts";
import { lineColour } from "../../../lib/domain/signal/colours.ts";
import { describeView } from "../../../lib/domain/signal/describe.ts";
import { apart, frameOf } from "../../../lib/domain/signal/frame.ts";
import { hiddenAtFirst, lanesOf, placesInLanes } from "../../../lib/domain/signal/lanes.ts";
import type { SampleRange, SignalSource } from "../../../lib/domain/signal/view.ts";
import { fit, zoomAt } from "../../../lib/domain/signal/zoom.ts";
import { FailureNote } from "../parts/answer.tsx";
import { Painter } from "./painter.ts";
import { SelectionEdges } from "./selection-edges.tsx";
import classes from "./signal-viewer.module.css";
import { viewAfterKey } from "./view-keys.ts";

/** What a model says of a stretch. */
export interface TrackSpan extends SampleRange {
  readonly label: string;
  /** 0 to 1. */
  readonly confidence: number;
}

export interface SignalViewerProps {
  readonly project: string;
  readonly info: SignalInfo;
  readonly source: SignalSource;
  /** What is shown, in samples of the recording's clock; may be fractional while it moves. */
  readonly view: SampleRange;
  readonly onView: (view: SampleRange) => void;
  readonly selection: SampleRange | null;
  /** Without it edges cannot be moved. Always whole samples inside the recording. */
  readonly onSelect?: (selection: SampleRange) => void;
  /** Shown below the signal instead of `info.predictions`; null for those. */
  readonly track: readonly TrackSpan[] | null;
  /** The spec's classes in order: a class has its colour by its place. */
  readonly classes: readonly string[];
  /** Samples that an arrow key moves the view by. */
  readonly step: number;
  /** Where a recording plays, in samples; null while it does not. */
  readonly playhead?: number | null;
  /** Space: play or pause. Without it space is left alone. */
  readonly onPlay?: () => void;
}

/** Height before the first layout; the style sheet says what it is. */
const FIRST_HEIGHT = 320;

/**
 * Many channels of one recording on one axis of time. The picture is a canvas that a `Painter` draws; what it shows is
 * decided by the pure functions of `lib/domain/signal`. Wheel zooms, drag pans, double click shows everything; with a
 * selection its edges can be dragged, and Shift and drag selects anew.
 */
export function SignalViewer(props: SignalViewerProps) {
  const { project, info, source, view, onView, selection, onSelect, track, step, playhead = null, onPlay } = props;
  const scheme = useComputedColorScheme("light");
  const [hidden, setHidden] = useState(() => hiddenAtFirst(info.channels));
  const [split, setSplit] = useState(false);
  const [fitted, setFitted] = useState(false);
  const [height, setHeight] = useState(FIRST_HEIGHT);
  const [failure, setFailure] = useState<unknown>(null);
  const stage = useRef<HTMLDivElement>(null);
  const picture = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const words = useRef<HTMLDivElement>(null);
  const painter = useRef<Painter | null>(null);
  const help = useId();

  const { classes: names } = props;
  const classPlaces = useMemo(() => new Map(names.map((name, place) => [name, place])), [names]);
  const places = useMemo(() => placesInLanes(info.channels), [info.channels]);
  const lanes = useMemo(() => lanesOf(info.channels, split, hidden), [info.channels, split, hidden]);
  const bands = useMemo(
    () => (["people", "file"] as const).map((from) => info.labels.filter((each) => each.source === from)).filter((band) => band.length > 0),
    [info.labels],
  );
  const strip = useMemo(
    () => apart(track ?? info.predictions.map(({ predicted, ...span }) => ({ ...span, label: predicted }))),
    [track, info.predictions],
  );
  const frame = useMemo(
    () => frameOf(height, { bands: bands.length, lanes: lanes.length, strip: strip.length > 0 }),
    [height, bands.length, lanes.length, strip.length],
  );
  // Told when the view has come to rest: a screen reader would read every step of the way.
  const [rested] = useDebouncedValue({ view, selection }, 300);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const description = useMemo(() => describeView(info, rested.view, rested.selection, zone), [info, rested, zone]);

  // The painter lives as long as the recording is the same one, and is told of everything else.
  useLayoutEffect(() => {
    const made = new Painter({ host: picture.current!, canvas: canvas.current!, words: words.current! }, info, source, setFailure);
    painter.current = made;
    return () => {
      painter.current = null;
      made.close();
    };
  }, [info, source]);
  useLayoutEffect(() => {
    painter.current?.set({
      view,
      selection,
      playhead,
      lanes,
      places,
      bands,
      track: strip,
      classPlaces,
      frame,
      fitted,
      scheme,
      zone,
      onView,
      onSelect,
    });
  });
  useEffect(() => {
    const element = stage.current!;
    const resize = new ResizeObserver(() => {
      setHeight(element.clientHeight);
      painter.current?.resize();
    });
    resize.observe(element);
    return () => resize.disconnect();
  }, []);

  const onKey = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === " " && onPlay) {
      event.preventDefault();
      onPlay();
      return;
    }
    const next = viewAfterKey(event, painter.current?.view ?? view, { step, samples: info.samples });
    if (!next) return;
    event.preventDefault();
    onView(next);
  };
  const zoom = (factor: number) => () =>
    onView(zoomAt(view, selection ? (selection.from + selection.to) / 2 : (view.from + view.to) / 2, factor, info.samples));
  const toggle = (name: string) =>
    setHidden((before) => {
      const after = new Set(before);
      if (!after.delete(name)) after.add(name);
      return after;
    });
  const shareOf = (sample: number) => (sample - view.from) / (view.to - view.from);

  return (
    <div className={classes.viewer} data-project={project}>
      <div className={classes.bar}>
        <div className={classes.legend} role="group" aria-label="Channels">
          {info.channels.slice(0, LEGEND).map(({ name }, place) => (
            <button key={name} type="button" className={classes.channel} aria-pressed={!hidden.has(name)} onClick={() => toggle(name)}>
              <span className={classes.swatch} style={{ background: lineColour(places[place]!, scheme) }} />
              {name}
            </button>
          ))}
          {info.channels.length > LEGEND && <span className={classes.more}>and {info.channels.length - LEGEND} more</span>}
        </div>
        <div className={classes.tools}>
          <Tool
            label={split ? "Lay the channels of a sensor over each other" : "Give each channel a lane of its own"}
            pressed={split}
            onClick={() => setSplit(!split)}
            icon={IconBaselineDensityMedium}
          />
          <Tool
            label="Scale the heights to what is in view"
            pressed={fitted}
            onClick={() => setFitted(!fitted)}
            icon={IconArrowsVertical}
          />
          <Tool label="Closer" onClick={zoom(0.5)} icon={IconZoomIn} />
          <Tool label="Farther" onClick={zoom(2)} icon={IconZoomOut} />
          <Tool label="Show the whole recording" onClick={() => onView(fit(info.samples))} icon={IconMaximize} />
        </div>
      </div>
      {failure !== null && <FailureNote error={failure} onRetry={() => retry()} />}
      <div ref={stage} className={classes.stage}>
        <div
          ref={picture}
          className={classes.picture}
          role="application"
          aria-roledescription="signal viewer"
          aria-label={description}
          aria-describedby={help}
          tabIndex={0}
          onKeyDown={onKey}
        >
          <canvas ref={canvas} />
          <div className={classes.edges} style={{ height: frame.axis.top, left: Painter.GUTTER }}>
            {selection && onSelect && <SelectionEdges {...{ info, selection, onSelect, step, zone, shareOf }} />}
          </div>
        </div>
      </div>
      <div ref={words} className={classes.words} aria-hidden />
      <p id={help} hidden>
        Arrow keys move by a step, with Shift by a screen. Plus and minus zoom, Home and End go to the ends.
        {onPlay ? " Space plays and pauses." : ""}
      </p>
    </div>
  );

  function retry(): void {
    setFailure(null);
    painter.current?.retry();
  }
}

/** Channels that the legend has room for. */
const LEGEND = 24;

interface ToolProps {
  readonly label: string;
  readonly pressed?: boolean;
  readonly onClick: () => void;
  readonly icon: typeof IconZoomIn;
}

function Tool({ label, pressed, onClick, icon: Icon }: ToolProps) {
  return (
    <ActionIcon variant={pressed ? "light" : "subtle"} size="lg" aria-label={label} title={label} aria-pressed={pressed} onClick={onClick}>
      <Icon size={18} aria-hidden />
    </ActionIcon>
  );
}
