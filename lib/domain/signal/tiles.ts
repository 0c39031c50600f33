import type { SampleRange } from "./view.ts";

/** Columns of a tile: the piece in which a picture is fetched and kept. */
const TILE_COLUMNS = 1_024;

export interface Tile extends SampleRange {
  /** Samples a column. */
  readonly step: number;
  readonly key: string;
  /** To ask `SignalSource.view` for. */
  readonly columns: number;
}

/** Samples a column, so that a pixel has between one and two columns, or the samples themselves where these are fewer. */
export function stepFor({ from, to }: SampleRange, pixels: number): number {
  return 2 ** Math.max(0, Math.floor(Math.log2((to - from) / Math.max(1, pixels))));
}

/** The tiles of a step that a view touches, from left to right. */
export function tilesOf(view: SampleRange, step: number, samples: number): Tile[] {
  const width = step * TILE_COLUMNS;
  const first = Math.max(0, Math.floor(view.from / width));
  const last = Math.ceil(Math.min(view.to, samples) / width);
  return Array.from({ length: Math.max(0, last - first) }, (_, index) => {
    const from = (first + index) * width;
    const to = Math.min(samples, from + width);
    return { from, to, step, columns: Math.ceil((to - from) / step), key: `${step}/${first + index}` };
  });
}

/** The step at which one tile holds all of a recording: fetched first, and shown where nothing finer is there yet. */
export function overviewStep(samples: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(samples / TILE_COLUMNS)));
}

/** The one tile of that step. */
export function overviewTile(samples: number): Tile {
  const step = overviewStep(samples);
  return { from: 0, to: samples, step, columns: Math.ceil(samples / step), key: `${step}/0` };
}

/**
 * What to draw now: for each tile that is wanted the tile itself, else the finest coarser one that is there, else finer
 * ones. Nothing blanks while something better is on its way.
 * @param has whether a tile is there
 */
export function piecesOf(view: SampleRange, step: number, samples: number, has: (key: string) => boolean): Tile[] {
  const coarsest = overviewStep(samples);
  return tilesOf(view, step, samples).flatMap((tile) => {
    for (let wider = step; wider <= coarsest; wider *= 2) {
      const [covering] = tilesOf({ from: tile.from, to: tile.from + 1 }, wider, samples);
      if (covering && has(covering.key)) return [{ ...covering, from: tile.from, to: tile.to }];
    }
    if (step === 1) return [];
    return tilesOf(tile, step / 2, samples).filter(({ key }) => has(key));
  });
}
