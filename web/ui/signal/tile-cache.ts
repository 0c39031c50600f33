import { overviewTile, piecesOf, stepFor, tilesOf, type Tile } from "../../../lib/domain/signal/tiles.ts";
import type { Piece } from "../../../lib/domain/signal/trace.ts";
import type { SampleRange, SignalSource, SignalView } from "../../../lib/domain/signal/view.ts";

/** A tile of six channels is 100 KB. */
const MOST_TILES = 400;
/** While the view moves, most tiles on the way are never looked at. */
const PAUSE_MS = 40;
const RETRY_MS = 2_000;

interface Asked {
  readonly stop: AbortController;
}

/**
 * The pieces of one recording's picture: kept once they came, asked for when the view has come to rest, forgotten about
 * when it has moved on before the answer.
 */
export class TileCache {
  readonly #source: SignalSource;
  readonly #samples: number;
  readonly #arrived: () => void;
  readonly #failed: (error: unknown) => void;
  readonly #tiles = new Map<string, SignalView>();
  readonly #asked = new Map<string, Asked>();
  #wanted: readonly Tile[] = [];
  #refusedAt = -Infinity;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(source: SignalSource, samples: number, on: { arrived: () => void; failed: (error: unknown) => void }) {
    this.#source = source;
    this.#samples = samples;
    this.#arrived = on.arrived;
    this.#failed = on.failed;
  }

  /** The coarsest picture of the whole recording, as soon as it is there. */
  get overview(): SignalView | undefined {
    return this.#source.here?.overview ?? this.#tiles.get(overviewTile(this.#samples).key);
  }

  /** Asks for what a view needs and is not there yet: at once where nothing is under way, else after a pause. */
  want(view: SampleRange, pixels: number): void {
    const overview = this.#source.here?.overview ? [] : [overviewTile(this.#samples)];
    const here = this.#here(stepFor(view, pixels));
    const held = here !== undefined && here.from <= Math.max(0, view.from) && here.to >= Math.min(this.#samples, view.to);
    this.#wanted = [...overview, ...(held ? [] : tilesOf(view, stepFor(view, pixels), this.#samples))];
    const keys = new Set(this.#wanted.map(({ key }) => key));
    for (const [key, { stop }] of this.#asked) {
      if (keys.has(key)) continue;
      this.#asked.delete(key);
      stop.abort();
    }
    if (this.#pause !== undefined) return;
    this.#ask();
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#ask();
    }, PAUSE_MS);
  }

  /** What there is to draw of a view now, the finest first. */
  pieces(view: SampleRange, pixels: number): Piece[] {
    const step = stepFor(view, pixels);
    const here = this.#here(step);
    if (here === undefined) return this.#fetched(view, step);
    const before = { from: view.from, to: Math.min(view.to, here.from) };
    const after = { from: Math.max(view.from, here.to), to: view.to };
    return [
      ...(before.from < before.to ? this.#fetched(before, step) : []),
      { range: { from: here.from, to: here.to }, view: here.part },
      ...(after.from < after.to ? this.#fetched(after, step) : []),
    ];
  }

  /** The part that came with the source, where it is as fine as a step asks for. */
  #here(step: number): (SampleRange & { readonly part: SignalView }) | undefined {
    const part = this.#source.here?.part;
    return part && part.step <= step ? { part, from: part.from, to: part.from + part.columns * part.step } : undefined;
  }

  /** Of a range, and nothing beyond it: there something finer may lie. */
  #fetched(range: SampleRange, step: number): Piece[] {
    const overview = overviewTile(this.#samples).key;
    const tileOf = (key: string) => this.#tiles.get(key) ?? (key === overview ? this.#source.here?.overview : null);
    return piecesOf(range, step, this.#samples, (key) => Boolean(tileOf(key))).map(({ key, from, to }) => {
      const tile = tileOf(key)!;
      if (this.#tiles.delete(key)) this.#tiles.set(key, tile);
      return { range: { from: Math.max(from, range.from), to: Math.min(to, range.to) }, view: tile };
    });
  }

  /** Tries again what was refused. */
  retry(): void {
    this.#refusedAt = -Infinity;
    this.#ask();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#pause);
    for (const { stop } of this.#asked.values()) stop.abort();
    this.#asked.clear();
  }

  #ask(): void {
    if (this.#closed || performance.now() - this.#refusedAt < RETRY_MS) return;
    for (const tile of this.#wanted) if (!this.#tiles.has(tile.key) && !this.#asked.has(tile.key)) void this.#fetch(tile);
  }

  async #fetch({ key, from, to, columns }: Tile): Promise<void> {
    const asked: Asked = { stop: new AbortController() };
    this.#asked.set(key, asked);
    try {
      const view = await this.#source.view(from, to, columns, asked.stop.signal);
      // An answer that nobody waits for any more is still right: it is kept.
      if (this.#closed) return;
      this.#tiles.set(key, view);
      this.#trim();
      this.#arrived();
    } catch (error) {
      if (this.#closed || asked.stop.signal.aborted) return;
      this.#refusedAt = performance.now();
      // What came ahead stands, coarser beyond its part: no alarm, and the next look tries again.
      if (this.#source.here === undefined) this.#failed(error);
    } finally {
      if (this.#asked.get(key) === asked) this.#asked.delete(key);
    }
  }

  #trim(): void {
    const overview = overviewTile(this.#samples).key;
    for (const key of this.#tiles.keys()) {
      if (this.#tiles.size <= MOST_TILES) return;
      if (key !== overview) this.#tiles.delete(key);
    }
  }
}
