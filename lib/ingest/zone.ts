/**
 * Local times of an IANA zone as instants. Offsets come from `Intl`, which is slow, and change at most at quarters of
 * an hour, so that each quarter is looked up once.
 */
const QUARTER_US = 900e6;
const DAY_US = 86_400e6;

/** The instants (microseconds since 1970) that a local time may mean; NaN for those there are not. */
export interface LocalTime {
  /** NaN where the clocks were put forward over this time: it never was. */
  readonly earlier: number;
  /** Differs from `earlier` in the hour that comes twice when clocks are put back. */
  readonly later: number;
}

export class Zone {
  readonly #format: Intl.DateTimeFormat | null;
  readonly #offsets = new Map<number, number>();
  readonly #shifts = new Map<number, { readonly earlier: number; readonly later: number }>();

  /** @throws RangeError for a name that `Intl` does not know */
  constructor(name: string) {
    const format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
    this.#format = format.resolvedOptions().timeZone === "UTC" ? null : format;
  }

  /** Whether local times are instants as they are. */
  get isUtc(): boolean {
    return this.#format === null;
  }

  /** @param local microseconds from 1970-01-01T00:00 on this zone's clocks */
  resolve(local: number): LocalTime {
    const quarter = Math.floor(local / QUARTER_US);
    let shift = this.#shifts.get(quarter);
    if (!shift) this.#shifts.set(quarter, (shift = this.#shiftsAt(quarter * QUARTER_US)));
    return { earlier: local - shift.earlier, later: local - shift.later };
  }

  #shiftsAt(local: number): { earlier: number; later: number } {
    // A change of offset happened within the last day, will within the next, or neither: both sides are tried.
    const candidates = [this.#offsetAt(local - DAY_US), this.#offsetAt(local + DAY_US)];
    const valid = candidates.filter((offset) => this.#offsetAt(local - offset) === offset);
    return { earlier: valid.length > 0 ? Math.max(...valid) : NaN, later: valid.length > 0 ? Math.min(...valid) : NaN };
  }

  /** Offset from UTC at an instant, in microseconds. */
  #offsetAt(instant: number): number {
    const quarter = Math.floor(instant / QUARTER_US);
    let offset = this.#offsets.get(quarter);
    if (offset === undefined) this.#offsets.set(quarter, (offset = this.#lookUp((quarter * QUARTER_US) / 1000)));
    return offset;
  }

  #lookUp(ms: number): number {
    const name = this.#format?.formatToParts(ms).find((part) => part.type === "timeZoneName")?.value ?? "GMT";
    const [, sign, hours, minutes, seconds] = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(name) ?? [];
    const size = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
    return (sign === "-" ? -size : size) * 1e6;
  }
}
