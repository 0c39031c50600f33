/** All values of a set for one subject at one moment. */
export interface FeatureRow {
  readonly subject: string;
  /** When it was so, in milliseconds since 1970. */
  readonly eventMs: number;
  /** The recording that it sums up, where it is one's: of one moment there may be several. */
  readonly recording?: string;
  /** In the order of the set's names; null and NaN are missing. */
  readonly values: ArrayLike<number | null>;
}

/** What a set consists of; its rows carry the version that names and definition had when they were written. */
export interface FeatureSetDefinition {
  readonly name: string;
  /** Names of the values, in their order. */
  readonly names: readonly string[];
  /** Everything that what a value means depends on. */
  readonly definition: Readonly<Record<string, unknown>>;
}
