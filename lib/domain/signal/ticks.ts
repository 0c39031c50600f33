import type { SampleRange } from "./view.ts";

export interface Tick {
  /** Place on the axis: a sample, not necessarily whole, or a value. */
  readonly at: number;
  readonly text: string;
}

/** What an axis of time shows: seconds since the beginning, the clock where there is one, or the numbers of rows. */
export interface TimeAxis {
  readonly axis: "time" | "row";
  readonly rateHz: number;
  /** Microseconds since 1970; 0 without a clock. */
  readonly startUs: number;
}

/** Steps of an axis of seconds: round to whom reads a clock, and below a second by ones, twos and fives. */
const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400];

/**
 * Ticks at round moments, at least `apart` pixels from each other.
 * @param zone of clock times, as browsers name it
 */
export function timeTicks(
  view: SampleRange,
  pixels: number,
  axis: TimeAxis,
  options: { readonly apart?: number; readonly zone?: string } = {},
): Tick[] {
  const { apart = 90, zone = "UTC" } = options;
  const most = Math.max(1, Math.floor(pixels / apart));
  if (axis.axis === "row") {
    const step = Math.max(1, niceStep((view.to - view.from) / most));
    return multiples(view, step).map((at) => ({ at, text: at.toLocaleString("en") }));
  }
  const { rateHz, startUs } = axis;
  const span = (view.to - view.from) / rateHz;
  const step = secondsStep(span / most);
  // Round moments of the clock, where there is one, rather than of the recording.
  const shift = startUs > 0 ? (startUs / 1e6) % 86_400 : 0;
  const range = { from: view.from / rateHz + shift, to: view.to / rateHz + shift };
  return multiples(range, step).map((seconds) => ({
    at: (seconds - shift) * rateHz,
    text: startUs > 0 ? clockText(startUs + (seconds - shift) * 1e6, step, zone) : secondsText(seconds, step),
  }));
}

/** A moment of a recording as people say it: to the digits that its rate has. */
export function momentText(sample: number, { axis, rateHz, startUs }: TimeAxis, zone = "UTC"): string {
  if (axis === "row") return `row ${Math.round(sample).toLocaleString("en")}`;
  const step = 10 ** Math.floor(Math.log10(Math.min(1, 1 / rateHz)));
  return startUs > 0 ? clockText(startUs + (sample / rateHz) * 1e6, step, zone) : secondsText(sample / rateHz, step);
}

/** Ticks at round values. */
export function valueTicks([low, high]: readonly [number, number], pixels: number, apart = 36): Tick[] {
  const step = niceStep((high - low) / Math.max(1, Math.floor(pixels / apart)));
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const large = Math.max(Math.abs(low), Math.abs(high)) >= 1e5 || digits > 5;
  return multiples({ from: low, to: high }, step).map((at) => ({ at, text: large ? at.toExponential(1) : at.toFixed(digits) }));
}

/** The smallest of 1, 2, 5 times a power of ten that is not below. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  for (const factor of [1, 2, 5]) if (factor * power >= least * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

function secondsStep(least: number): number {
  if (least < 1) return Math.min(1, niceStep(least));
  return SECONDS.find((step) => step >= least) ?? 86_400 * Math.ceil(niceStep(least / 86_400));
}

function multiples({ from, to }: SampleRange, step: number): number[] {
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  // The first and the last, not a sum of steps: those drift.
  return Array.from({ length: Math.max(0, Math.min(1_000, last - first + 1)) }, (_, index) => (first + index) * step);
}

function digitsOf(step: number): number {
  return step >= 1 ? 0 : Math.min(6, Math.ceil(-Math.log10(step) - 1e-9));
}

function secondsText(seconds: number, step: number): string {
  const digits = digitsOf(step);
  const whole = Math.abs(Number(seconds.toFixed(digits)));
  if (whole < 60) return `${seconds.toFixed(digits)} s`;
  const hours = Math.floor(whole / 3_600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = (whole % 60).toFixed(digits).padStart(digits > 0 ? digits + 3 : 2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

const CLOCKS = {
  day: { day: "2-digit", month: "short" },
  minute: { hour: "2-digit", minute: "2-digit" },
  second: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

/** By clock and zone: to make one takes longer than a picture of the signal, which needs a dozen. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(clock: keyof typeof CLOCKS, zone: string): Intl.DateTimeFormat {
  const key = `${clock} ${zone}`;
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...CLOCKS[clock] });
  formats.set(key, made);
  return made;
}

function clockText(us: number, step: number, zone: string): string {
  const date = new Date(Math.floor(us / 1_000 + 1e-6));
  if (step >= 86_400) return formatOf("day", zone).format(date);
  const time = formatOf(step < 60 ? "second" : "minute", zone).format(date);
  const digits = digitsOf(step);
  if (digits === 0) return time;
  const fraction = (((us % 1e6) + 1e6) % 1e6) / 1e6;
  return `${time}.${Math.min(10 ** digits - 1, Math.floor(fraction * 10 ** digits + 1e-3))
    .toString()
    .padStart(digits, "0")}`;
}
