import { SensorloopError } from "../domain/errors.ts";

export interface UnpackLimits {
  /** Most bytes that one upload may unpack to, all its entries and nested archives together. */
  readonly maxBytes: number;
  /** Most bytes out for each byte in, beyond the first `freeBytes`. Text tables reach 20:1, sensors at rest 100:1. */
  readonly maxRatio: number;
  readonly freeBytes: number;
}

export const UNPACK_LIMITS: UnpackLimits = { maxBytes: 64 * 2 ** 30, maxRatio: 200, freeBytes: 10 * 2 ** 20 };

/**
 * Stops a decompression bomb while it unfolds: at every moment what came out must stand in proportion to what went in.
 * An archive inside an archive spends from its own budget and from that of the one around it.
 */
export class UnpackBudget {
  readonly #what: string;
  readonly #limits: UnpackLimits;
  readonly #parent: UnpackBudget | null;
  #in = 0;
  #out = 0;

  constructor(what: string, limits: UnpackLimits, parent: UnpackBudget | null = null) {
    this.#what = what;
    this.#limits = limits;
    this.#parent = parent;
  }

  /** A budget for one entry. */
  of(entry: string): UnpackBudget {
    return new UnpackBudget(entry, this.#limits, this);
  }

  /** Compressed bytes that were read. What goes into an entry does not go into the archive around it once more. */
  read(bytes: number): void {
    this.#in += bytes;
  }

  /** @throws SensorloopError DECOMPRESSION_BOMB */
  unpacked(bytes: number): void {
    this.#out += bytes;
    const { maxBytes, maxRatio, freeBytes } = this.#limits;
    if (this.#out > maxBytes || this.#out > freeBytes + maxRatio * this.#in) {
      throw new SensorloopError(
        "DECOMPRESSION_BOMB",
        `${this.#what} unpacks to more than ${this.#out > maxBytes ? `${maxBytes} bytes` : `${maxRatio} times its size`}`,
        {
          facts: { bytesIn: this.#in, bytesOut: this.#out, maxBytes, maxRatio },
        },
      );
    }
    this.#parent?.unpacked(bytes);
  }
}
