import type { SignalInfo } from "../../../lib/domain/api/signals.ts";
import type { Scheme } from "../../../lib/domain/signal/colours.ts";
import { wordsAt, type SignalFrame } from "../../../lib/domain/signal/frame.ts";
import type { Lane } from "../../../lib/domain/signal/lanes.ts";
import { momentText } from "../../../lib/domain/signal/ticks.ts";
import { extentOf, padded } from "../../../lib/domain/signal/trace.ts";
import type { SampleRange, SignalSource } from "../../../lib/domain/signal/view.ts";
import { fit } from "../../../lib/domain/signal/zoom.ts";
import { listen } from "./gestures.ts";
import { coloursOf, paint, type Colours, type Scene } from "./picture.ts";
import type { TrackSpan } from "./signal-viewer.tsx";
import { TileCache } from "./tile-cache.ts";

/** What the component says; the painter keeps the newest. */
export interface Told {
  readonly view: SampleRange;
  readonly selection: SampleRange | null;
  readonly playhead: number | null;
  readonly lanes: readonly Lane[];
  readonly places: readonly number[];
  readonly bands: readonly SignalInfo["labels"][];
  readonly track: readonly TrackSpan[];
  readonly classPlaces: ReadonlyMap<string, number>;
  readonly frame: SignalFrame;
  readonly fitted: boolean;
  readonly scheme: Scheme;
  readonly zone: string;
  readonly onView: (view: SampleRange) => void;
  readonly onSelect: ((selection: SampleRange) => void) | undefined;
}

interface Elements {
  readonly host: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  /** Where it says what is under the pointer. */
  readonly words: HTMLElement;
}

/**
 * Draws at most once a frame, whatever happens in between. While a hand moves the view the painter is ahead of the page:
 * it draws at once and tells the page, which follows.
 */
export class Painter {
  /** Left of the plot. */
  static readonly GUTTER = 48;
  readonly #elements: Elements;
  readonly #info: SignalInfo;
  readonly #tiles: TileCache;
  readonly #deaf: () => void;
  #told: Told | null = null;
  #view: SampleRange | null = null;
  #colours: Colours | null = null;
  #frame = 0;
  /** Views that the page heard of from here: when it comes with one of them it follows, and wants nothing else. */
  readonly #heard = new WeakSet<SampleRange>();

  constructor(elements: Elements, info: SignalInfo, source: SignalSource, failed: (error: unknown) => void) {
    this.#elements = elements;
    this.#info = info;
    this.#tiles = new TileCache(source, info.samples, { arrived: () => this.#draw(), failed });
    this.#deaf = listen(elements.host, {
      samples: info.samples,
      view: () => this.view,
      selection: () => this.#told?.selection ?? null,
      selectable: () => this.#told?.onSelect !== undefined,
      plot: () => {
        const { left, width } = elements.host.getBoundingClientRect();
        return { left: left + Painter.GUTTER, width: Math.max(1, width - Painter.GUTTER) };
      },
      show: (view) => this.#show(view),
      select: (selection) => this.#told?.onSelect?.(selection),
      hover: (sample) => this.#hover(sample),
      fitAll: () => this.#show(fit(info.samples)),
    });
  }

  /** What is on the screen, which the page may not know of yet. */
  get view(): SampleRange {
    return this.#view ?? this.#told?.view ?? fit(this.#info.samples);
  }

  set(told: Told): void {
    const before = this.#told;
    this.#told = told;
    if (before?.scheme !== told.scheme) this.#colours = null;
    if (told.view === this.#view || (told.view !== before?.view && !this.#heard.has(told.view))) this.#view = null;
    this.#draw();
  }

  resize(): void {
    this.#draw();
  }

  retry(): void {
    this.#tiles.retry();
  }

  close(): void {
    this.#deaf();
    this.#tiles.close();
    cancelAnimationFrame(this.#frame);
  }

  #show(view: SampleRange): void {
    this.#view = view;
    this.#draw();
  }

  #draw(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  #paint(): void {
    const told = this.#told;
    const { host, canvas } = this.#elements;
    const width = host.clientWidth;
    if (!told || width === 0) return;
    const { view } = this;
    if (this.#view && !this.#heard.has(view)) {
      this.#heard.add(view);
      told.onView(view);
    }
    const { frame, lanes } = told;
    // A colour scheme's variables are there one frame after it was chosen.
    this.#colours ??= coloursOf(host);
    const dpr = Math.min(2, window.devicePixelRatio);
    if (canvas.width !== Math.round(width * dpr) || canvas.height !== Math.round(frame.height * dpr)) {
      canvas.width = Math.round(width * dpr);
      canvas.height = Math.round(frame.height * dpr);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${frame.height}px`;
    }
    const pixels = Math.max(1, Math.round((width - Painter.GUTTER) * dpr));
    this.#tiles.want(view, pixels);
    const pieces = this.#tiles.pieces(view, pixels);
    const known = told.fitted
      ? pieces.map((piece) => piece.view)
      : this.#tiles.overview
        ? [this.#tiles.overview]
        : pieces.map((piece) => piece.view);
    const scene: Scene = {
      ...told,
      ...{ view, width, gutter: Painter.GUTTER, pieces, dpr },
      axis: this.#info,
      stretches: this.#info.stretches,
      ranges: lanes.map((lane) => {
        const extent = extentOf(known.flatMap(({ channels }) => lane.channels.map((channel) => channels[channel]!)));
        return extent && padded(extent);
      }),
      colours: this.#colours,
    };
    paint(canvas.getContext("2d", { alpha: false })!, scene);
  }

  #hover(sample: number | null): void {
    const told = this.#told;
    const { words } = this.#elements;
    const inside = told !== null && sample !== null && sample >= 0 && sample < this.#info.samples;
    const at = inside ? [momentText(sample, this.#info, told.zone), wordsAt(sample, told.bands.flat(), told.track)] : [];
    words.textContent = at.filter((text) => text !== "").join(" · ");
  }
}
