/** Distinct steps that are told apart; a clock with more jitter than this is judged by those it had first. */
const DISTINCT = 65_536;

/** Counts the steps between neighbours, to find the rate at which a file was really recorded. */
export class StepHistogram {
  readonly #counts = new Map<number, number>();
  #last = NaN;
  #repeated = 0;

  add(step: number): void {
    if (step === this.#last) {
      this.#repeated++;
      return;
    }
    this.#settle();
    this.#last = step;
    this.#repeated = 1;
  }

  /** The median step (the lower one of two), NaN without any. */
  median(): number {
    this.#settle();
    const steps = [...this.#counts].sort(([a], [b]) => a - b);
    let left = Math.ceil(steps.reduce((sum, [, count]) => sum + count, 0) / 2);
    for (const [step, count] of steps) {
      left -= count;
      if (left <= 0) return step;
    }
    return NaN;
  }

  /** Steps counted. */
  get size(): number {
    this.#settle();
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  #settle(): void {
    if (this.#repeated === 0) return;
    const known = this.#counts.get(this.#last);
    if (known !== undefined || this.#counts.size < DISTINCT) this.#counts.set(this.#last, (known ?? 0) + this.#repeated);
    this.#repeated = 0;
  }
}
