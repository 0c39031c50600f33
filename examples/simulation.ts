/** What every simulator takes; a simulator's own figures have defaults beside it. */
export interface SimulationOptions {
  /** Where the files go; made when missing, files of the same name are replaced. */
  readonly folder: string;
  /** How many people; each simulator has a default. */
  readonly subjects?: number;
  /** Everything drawn follows from it: the same seed and options give the same bytes. */
  readonly seed?: number;
}

export interface Simulated {
  /** Paths of the files written, in the order they were written. */
  readonly files: readonly string[];
  readonly bytes: number;
  readonly rows: number;
}

/** What `examples/<project>/simulate.ts` exports as `simulate`. */
export type Simulate = (options: SimulationOptions) => Promise<Simulated>;
