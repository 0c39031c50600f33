import type { FeatureSetSpec } from "../spec-annotation.ts";

export type Statistic = Extract<FeatureSetSpec, { from: "windows" }>["statistic"];

/**
 * Sums up values one by one. `sd` is that of a sample (n - 1 below), null for fewer than two values, by Welford's update
 * (Technometrics 4, 1962); `count` of nothing is 0, everything else of nothing is null.
 */
export class Summary {
  #count = 0;
  #mean = 0;
  #squares = 0;
  #min = Infinity;
  #max = -Infinity;
  #last = NaN;
  #lastMs = -Infinity;

  /** NaN is no value. Of values of the same time the one added last is the last. */
  add(value: number, atMs: number): void {
    if (Number.isNaN(value)) return;
    this.#count += 1;
    const away = value - this.#mean;
    this.#mean += away / this.#count;
    this.#squares += away * (value - this.#mean);
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    if (atMs < this.#lastMs) return;
    this.#last = value;
    this.#lastMs = atMs;
  }

  of(statistic: Statistic): number | null {
    if (statistic === "count") return this.#count;
    if (this.#count === 0) return null;
    switch (statistic) {
      case "mean":
        return this.#mean;
      case "sd":
        return this.#count < 2 ? null : Math.sqrt(this.#squares / (this.#count - 1));
      case "min":
        return this.#min;
      case "max":
        return this.#max;
      case "last":
        return this.#last;
    }
  }
}
