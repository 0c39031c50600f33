import { overviewStep, piecesOf, stepFor, tilesOf, type Tile } from "../../../lib/domain/signal/tiles.ts";
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
    return this.#tiles.get(`${overviewStep(this.#samples)}/0`);
  }

  /** Asks for what a view needs and is not there yet: at once where nothing is under way, else after a pause. */
  want(view: SampleRange, pixels: number): void {
    const overview = tilesOf({ from: 0, to: 1 }, overviewStep(this.#samples), this.#samples);
    this.#wanted = [...overview, ...tilesOf(view, stepFor(view, pixels), this.#samples)];
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
    return piecesOf(view, stepFor(view, pixels), this.#samples, (key) => this.#tiles.has(key)).map(({ key, from, to }) => {
      const tile = this.#tiles.get(key)!;
      this.#tiles.delete(key);
      this.#tiles.set(key, tile);
      return { range: { from, to }, view: tile };
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
      this.#failed(error);
    } finally {
      if (this.#asked.get(key) === asked) this.#asked.delete(key);
    }
  }

  #trim(): void {
    const overview = `${overviewStep(this.#samples)}/0`;
    for (const key of this.#tiles.keys()) {
      if (this.#tiles.size <= MOST_TILES) return;
      if (key !== overview) this.#tiles.delete(key);
    }
  }
}
