import { SensorloopError } from "../domain/errors.ts";
import type { FilesSpec } from "../domain/spec.ts";
import { textOf } from "./number.ts";
import { parseEpoch, parseIso, wasLocal } from "./time.ts";
import { Zone } from "./zone.ts";

type ColumnTime = Extract<FilesSpec["time"], { kind: "column" }>;

/** In the hour that comes twice, a step back by more than this is the clocks being put back, not a late row. */
const PUT_BACK_US = 60e6;
const UNITS = ["s", "ms", "us", "ns"] as const;

/** Reads a file's time column by the spec's format, zone and range. */
export class Clock {
  readonly #time: ColumnTime;
  readonly #zone: Zone;
  readonly #from: number;
  readonly #to: number;
  readonly #range: readonly [string, string];
  #fault = "";

  /** @throws SensorloopError SPEC_INVALID for a zone or a range that means nothing */
  constructor(time: ColumnTime, range: readonly [string, string]) {
    this.#time = time;
    this.#range = range;
    [this.#from, this.#to] = range.map((bound) => {
      const ms = Date.parse(bound);
      if (Number.isNaN(ms)) throw new SensorloopError("SPEC_INVALID", `\`timeRange\` names '${bound}', which is no date`);
      return Math.min(ms * 1000, Number.MAX_SAFE_INTEGER);
    }) as [number, number];
    try {
      this.#zone = new Zone(time.zone);
    } catch (cause) {
      throw new SensorloopError("SPEC_INVALID", `'${time.zone}' is not a time zone of the IANA list`, {
        cause,
        facts: { zone: time.zone },
      });
    }
  }

  /** Why the last `read` returned NaN. */
  get fault(): string {
    return this.#fault;
  }

  /**
   * Microseconds since 1970; NaN where the cell is no time, one that never was, or outside the range.
   * @param latest the latest time of the recording so far, which tells the two readings of a doubled hour apart
   */
  read(bytes: Buffer, from: number, to: number, latest: number): number {
    const { format } = this.#time;
    let at: number;
    if (format === "iso") {
      at = parseIso(bytes, from, to);
      if (!this.#zone.isUtc && wasLocal() && at === at) {
        const { earlier, later } = this.#zone.resolve(at);
        if (earlier !== earlier)
          return this.#refuse(`'${textOf(bytes, from, to)}' never was in ${this.#time.zone}: the clocks were put forward over it`);
        at = earlier < latest - PUT_BACK_US && later > latest ? later : earlier;
      }
    } else at = parseEpoch(bytes, from, to, format);
    if (at !== at)
      return this.#refuse(
        `'${textOf(bytes, from, to).slice(0, 60)}' is no ${format === "iso" ? "date or date-time (YYYY-MM-DD HH:MM:SS.ffffff)" : "number"}`,
      );
    if (at >= this.#from && at < this.#to) return at;
    return this.#refuse(
      `'${textOf(bytes, from, to)}' is outside ${this.#range[0]} to ${this.#range[1]}${this.#otherUnit(bytes, from, to)}`,
    );
  }

  #otherUnit(bytes: Buffer, from: number, to: number): string {
    if (this.#time.format === "iso") return "";
    const unit = UNITS.find((candidate) => {
      const at = parseEpoch(bytes, from, to, candidate);
      return at >= this.#from && at < this.#to;
    });
    return unit ? `; it would be inside if its unit were '${unit}'` : "";
  }

  #refuse(reason: string): number {
    this.#fault = reason;
    return NaN;
  }
}
