import { classColour, lineColour, type Scheme } from "../../../lib/domain/signal/colours.ts";
import { inView, joined, type SignalFrame } from "../../../lib/domain/signal/frame.ts";
import type { Lane } from "../../../lib/domain/signal/lanes.ts";
import { timeTicks, valueTicks, type TimeAxis } from "../../../lib/domain/signal/ticks.ts";
import { breaksOf, linesOf, SPARSE_PIXELS, traceOf, type Piece } from "../../../lib/domain/signal/trace.ts";
import type { SampleRange } from "../../../lib/domain/signal/view.ts";
import type { TrackSpan } from "./signal-viewer.tsx";

interface LabelSpan extends SampleRange {
  readonly label: string;
}

/** Everything that a picture is made of. Lengths in CSS pixels. */
export interface Scene {
  readonly view: SampleRange;
  readonly width: number;
  /** Left of the plot, where values stand. */
  readonly gutter: number;
  readonly frame: SignalFrame;
  readonly axis: TimeAxis;
  readonly zone: string;
  readonly stretches: readonly (readonly [number, number])[];
  readonly lanes: readonly Lane[];
  /** By lane: values at its bottom and top; null while nothing is known. */
  readonly ranges: readonly (readonly [number, number] | null)[];
  /** By channel: its place in its lane, for its colour. */
  readonly places: readonly number[];
  readonly pieces: readonly Piece[];
  readonly bands: readonly (readonly LabelSpan[])[];
  readonly track: readonly TrackSpan[];
  /** By class, its place in the spec. */
  readonly classPlaces: ReadonlyMap<string, number>;
  readonly selection: SampleRange | null;
  readonly playhead: number | null;
  readonly scheme: Scheme;
  readonly colours: Colours;
  readonly dpr: number;
}

export interface Colours {
  readonly surface: string;
  readonly sunken: string;
  readonly line: string;
  readonly text: string;
  readonly muted: string;
  readonly accent: string;
  readonly font: string;
}

/** The page's colours, as a canvas needs them. */
export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    surface: read("--surface"),
    sunken: read("--sunken"),
    line: read("--line"),
    text: read("--text"),
    muted: read("--muted"),
    accent: read("--accent"),
    font: `11px ${style.fontFamily}`,
  };
}

/** Draws all of it. Nothing is decided here that a test should know about. */
export function paint(context: CanvasRenderingContext2D, scene: Scene): void {
  const { width, frame, gutter, dpr, colours } = scene;
  const x = (sample: number) => gutter + ((sample - scene.view.from) / (scene.view.to - scene.view.from)) * (width - gutter);
  context.setTransform(dpr, 0, 0, dpr, 0, 0);
  context.fillStyle = colours.surface;
  context.fillRect(0, 0, width, frame.height);
  context.font = colours.font;
  context.textBaseline = "middle";
  paintGround(context, scene, x);
  scene.lanes.forEach((lane, place) => paintLane(context, scene, lane, place));
  context.setTransform(dpr, 0, 0, dpr, 0, 0);
  context.save();
  context.beginPath();
  context.rect(gutter, 0, width - gutter, frame.height);
  context.clip();
  scene.bands.forEach((band, place) => paintBand(context, scene, band, frame.bands[place]!, x));
  if (frame.strip) paintStrip(context, scene, frame.strip, x);
  paintSelection(context, scene, x);
  context.restore();
  paintAxis(context, scene, x);
}

type Place = (sample: number) => number;
type Box = SignalFrame["axis"];

/** Gaps, and what is selected, behind everything. */
function paintGround(context: CanvasRenderingContext2D, { stretches, view, frame, colours, gutter, width, lanes }: Scene, x: Place): void {
  const [top, bottom] = [frame.lanes[0]?.top ?? 0, (frame.lanes.at(-1)?.top ?? 0) + (frame.lanes.at(-1)?.height ?? 0)];
  if (lanes.length === 0) return;
  context.fillStyle = colours.sunken;
  const end = stretches.at(-1)?.[1] ?? 0;
  let before = 0;
  const shade = (from: number, to: number) => {
    const [left, right] = [Math.max(gutter, x(from)), Math.min(width, x(to))];
    if (right - left >= 1) context.fillRect(left, top, right - left, bottom - top);
  };
  for (const [from, to] of stretches) {
    if (from > view.from && before < view.to && from > before) shade(before, from);
    before = to;
    if (before >= view.to) return;
  }
  if (end < view.to) shade(end, view.to);
}

function paintLane(context: CanvasRenderingContext2D, scene: Scene, lane: Lane, place: number): void {
  const { frame, colours, gutter, width, dpr, view, pieces, stretches, scheme, places } = scene;
  const { top, height } = frame.lanes[place]!;
  const range = scene.ranges[place];
  context.setTransform(dpr, 0, 0, dpr, 0, 0);
  context.fillStyle = colours.line;
  context.fillRect(gutter, top + height, width - gutter, 1);
  if (!range) return;
  const [low, high] = range;
  const y = (value: number) => top + height - ((value - low) / (high - low)) * height;
  context.textAlign = "right";
  for (const { at, text } of valueTicks(range, height)) {
    const row = Math.round(y(at));
    context.fillStyle = colours.line;
    context.fillRect(gutter, row, width - gutter, 1);
    context.fillStyle = colours.muted;
    if (row > top + 5 && row < top + height - 5) context.fillText(text, gutter - 6, row);
  }
  const pixels = Math.round((width - gutter) * dpr);
  const scale = pixels / (view.to - view.from);
  const sparse = scale / dpr > SPARSE_PIXELS && pieces.every((piece) => piece.view.step === 1);
  context.save();
  context.beginPath();
  context.rect(gutter, top - 2, width - gutter, height + 4);
  context.clip();
  context.setTransform(1, 0, 0, 1, gutter * dpr, 0);
  const breaks = sparse ? null : breaksOf(stretches, view, pixels);
  for (const channel of lane.channels) {
    const colour = lineColour(places[channel]!, scheme);
    if (breaks) {
      const { low: least, high: most } = traceOf(pieces, channel, view, pixels, breaks);
      context.fillStyle = colour;
      // Of lines that fill a lane the last would hide the others.
      context.globalAlpha = lane.channels.length > 1 ? 0.72 : 1;
      const bold = 1.25 * dpr;
      const slope = (height * dpr) / (high - low);
      const bottom = (top + height) * dpr;
      for (let pixel = 0; pixel < pixels; pixel++) {
        const greatest = most[pixel]!;
        if (greatest !== greatest) continue;
        const from = bottom - (greatest - low) * slope;
        const tall = (greatest - least[pixel]!) * slope;
        // Whole pixels: nothing has to be smoothed, which takes most of the time.
        context.fillRect(pixel, Math.round(from - bold / 2), 1, Math.max(1, Math.round(tall + bold)));
      }
      context.globalAlpha = 1;
    } else paintLines(context, linesOf(pieces, channel, view), { colour, scale, dpr, view, y });
  }
  context.restore();
  context.setTransform(dpr, 0, 0, dpr, 0, 0);
  const title = lane.unit ? `${lane.title}, ${lane.unit}` : lane.title;
  context.textAlign = "left";
  const wide = context.measureText(title).width;
  context.globalAlpha = 0.8;
  context.fillStyle = colours.surface;
  context.fillRect(gutter + 4, top + 2, wide + 8, 16);
  context.globalAlpha = 1;
  context.fillStyle = colours.text;
  context.fillText(title, gutter + 8, top + 10);
}

interface LineStyle {
  readonly colour: string;
  readonly scale: number;
  readonly dpr: number;
  readonly view: SampleRange;
  readonly y: (value: number) => number;
}

function paintLines(context: CanvasRenderingContext2D, lines: readonly Float64Array[], { colour, scale, dpr, view, y }: LineStyle): void {
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 1.5 * dpr;
  context.lineJoin = "round";
  const dot = scale / dpr > 8 ? 2.5 * dpr : scale / dpr > 4 ? 1.5 * dpr : 0;
  for (const line of lines) {
    context.beginPath();
    for (let at = 0; at < line.length; at += 2) context.lineTo((line[at]! + 0.5 - view.from) * scale, y(line[at + 1]!) * dpr);
    context.stroke();
    // A sample alone has no line.
    const size = line.length === 2 ? Math.max(dot, 1.5 * dpr) : dot;
    if (size === 0) continue;
    for (let at = 0; at < line.length; at += 2)
      context.fillRect((line[at]! + 0.5 - view.from) * scale - size, y(line[at + 1]!) * dpr - size, 2 * size, 2 * size);
  }
}

function paintBand(context: CanvasRenderingContext2D, scene: Scene, spans: readonly LabelSpan[], { top, height }: Box, x: Place): void {
  for (const { label, from, to } of inView(spans, scene.view)) {
    const colour = classColour(scene.classPlaces.get(label) ?? -1, scene.scheme);
    const [left, right] = [Math.max(scene.gutter, x(from)), Math.min(scene.width, x(to))];
    context.fillStyle = colour.soft;
    context.fillRect(left, top, Math.max(1, right - left), height);
    context.fillStyle = colour.strong;
    context.fillRect(x(from), top, 2, height);
    write(context, scene, label, left, right, top + height / 2);
  }
}

/** The predicted class, and how sure it is as the height of its bar. */
function paintStrip(context: CanvasRenderingContext2D, scene: Scene, { top, height }: Box, x: Place): void {
  for (const { label, from, to, confidence } of inView(scene.track, scene.view)) {
    const colour = classColour(scene.classPlaces.get(label) ?? -1, scene.scheme);
    const [left, right] = [Math.max(scene.gutter, x(from)), Math.min(scene.width, x(to))];
    const tall = Math.max(1, confidence * height);
    context.fillStyle = colour.soft;
    context.fillRect(left, top + height - tall, Math.max(1, right - left), tall);
    context.fillStyle = colour.strong;
    context.fillRect(left, top + height - tall, Math.max(1, right - left), 2);
  }
  for (const { label, from, to } of joined(inView(scene.track, scene.view)))
    write(context, scene, label, Math.max(scene.gutter, x(from)), Math.min(scene.width, x(to)), top + height - 10);
}

function write(context: CanvasRenderingContext2D, { colours }: Scene, text: string, left: number, right: number, y: number): void {
  if (right - left < 24) return;
  const fits = context.measureText(text).width <= right - left - 10;
  const room = Math.floor((right - left - 10) / 6.5);
  const shown = fits ? text : room >= 3 ? `${text.slice(0, room - 1)}…` : "";
  context.textAlign = "left";
  context.fillStyle = colours.text;
  context.fillText(shown, left + 6, y);
}

function paintSelection(context: CanvasRenderingContext2D, { selection, playhead, colours, frame }: Scene, x: Place): void {
  const tall = frame.axis.top;
  if (selection) {
    const [left, right] = [x(selection.from), x(selection.to)];
    context.fillStyle = colours.accent;
    context.globalAlpha = 0.1;
    context.fillRect(left, 0, right - left, tall);
    context.globalAlpha = 1;
    for (const edge of [left, right]) context.fillRect(Math.round(edge) - 1, 0, 2, tall);
  }
  if (playhead === null) return;
  context.fillStyle = colours.text;
  context.fillRect(Math.round(x(playhead)) - 1, 0, 2, tall);
}

function paintAxis(context: CanvasRenderingContext2D, { frame, view, gutter, width, axis, zone, colours }: Scene, x: Place): void {
  const { top } = frame.axis;
  context.fillStyle = colours.muted;
  context.textAlign = "center";
  for (const { at, text } of timeTicks(view, width - gutter, axis, { zone })) {
    const place = Math.round(x(at));
    if (place < gutter || place > width) continue;
    context.fillRect(place, top, 1, 5);
    const half = context.measureText(text).width / 2;
    if (place - half >= 0 && place + half <= width) context.fillText(text, place, top + 14);
  }
}
