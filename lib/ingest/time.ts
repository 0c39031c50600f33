import type { FilesSpec } from "../domain/spec.ts";
import { textOf } from "./number.ts";

type TimeFormat = Extract<FilesSpec["time"], { kind: "column" }>["format"];

/** The month last met; rows of one stay together. */
let lastYear = NaN;
let lastMonth = NaN;
let monthStart = NaN;
let monthDays = 0;

/** Digits of the fraction that make a microsecond. */
const SHIFT: Readonly<Record<Exclude<TimeFormat, "iso">, number>> = { s: 6, ms: 3, us: 0, ns: -3 };

/** True where the value last parsed by `parseIso` had no offset, and is therefore on the clocks of the spec's zone. */
let local = false;
export const wasLocal = (): boolean => local;

/**
 * A number since 1970 in microseconds; NaN where it is none. Counted in whole numbers, since a double cannot hold a
 * second's fraction to the microsecond when it stands for all seconds since 1970. Digits beyond are cut off.
 */
export function parseEpoch(bytes: Buffer, from: number, to: number, format: Exclude<TimeFormat, "iso">): number {
  const text = textOf(bytes, from, to);
  const [, sign, whole = "", fraction = "", power] = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text) ?? [];
  if (whole === "" && fraction === "") return NaN;
  const shift = SHIFT[format] + Number(power ?? 0);
  const point = whole.length + shift;
  const digits = (whole + fraction).padEnd(Math.max(0, point), "0");
  if (point > 40) return NaN;
  const micros = point <= 0 ? 0 : Number(digits.slice(0, point));
  return sign === "-" ? -micros : micros;
}

/**
 * `YYYY-MM-DD`, alone or with `T` or a blank and `HH:MM`, `HH:MM:SS` or `HH:MM:SS.f`, and with or without `Z`, `+HH:MM`,
 * `+HHMM` or `+HH`: microseconds since 1970 (`wasLocal` says on whose clocks); NaN for anything else and for dates that
 * do not exist. Digits beyond the microsecond are cut off.
 */
export function parseIso(bytes: Buffer, from: number, to: number): number {
  local = true;
  if (to - from < 10 || bytes[from + 4] !== 45 || bytes[from + 7] !== 45) return NaN;
  const year = number4(bytes, from);
  const month = number2(bytes, from + 5);
  const day = number2(bytes, from + 8);
  if (year !== lastYear || month !== lastMonth) {
    if (!(year >= 0 && month >= 1 && month <= 12)) return NaN;
    [lastYear, lastMonth] = [year, month];
    monthStart = daysFromCivil(year, month, 1);
    monthDays = daysIn(year, month);
  }
  if (!(day >= 1 && day <= monthDays)) return NaN;
  const midnight = (monthStart + day - 1) * 86_400e6;
  let at = from + 10;
  if (at === to) return midnight;
  if ((bytes[at] !== 84 && bytes[at] !== 32) || to - at < 6 || bytes[at + 3] !== 58) return NaN;
  const hour = number2(bytes, at + 1);
  const minute = number2(bytes, at + 4);
  if (!(hour <= 23 && minute <= 59)) return NaN;
  let micros = (hour * 60 + minute) * 60e6;
  at += 6;
  if (at < to && bytes[at] === 58) {
    const second = at + 3 <= to ? number2(bytes, at + 1) : NaN;
    if (!(second <= 59)) return NaN;
    micros += second * 1e6;
    at += 3;
    if (at < to && bytes[at] === 46) {
      let unit = 100_000;
      const first = ++at;
      for (; at < to; at++) {
        const digit = (bytes[at] as number) - 48;
        if (digit < 0 || digit > 9) break;
        micros += digit * Math.floor(unit);
        unit /= 10;
      }
      if (at === first) return NaN;
    }
  }
  if (at === to) return midnight + micros;
  local = false;
  return midnight + micros - offsetOf(bytes, at, to);
}

/** Microseconds east of UTC of `Z`, `+HH`, `+HHMM` or `+HH:MM`; NaN for anything else. */
function offsetOf(bytes: Buffer, at: number, to: number): number {
  const sign = bytes[at];
  if (sign === 90 && to - at === 1) return 0;
  const length = to - at;
  if ((sign !== 43 && sign !== 45) || (length !== 3 && length !== 5 && length !== 6) || (length === 6 && bytes[at + 3] !== 58)) return NaN;
  const hours = number2(bytes, at + 1);
  const minutes = length === 3 ? 0 : number2(bytes, to - 2);
  if (!(hours <= 18 && minutes <= 59)) return NaN;
  const size = (hours * 60 + minutes) * 60e6;
  return sign === 45 ? -size : size;
}

function number2(bytes: Buffer, at: number): number {
  const tens = (bytes[at] as number) - 48;
  const ones = (bytes[at + 1] as number) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}

function number4(bytes: Buffer, at: number): number {
  return number2(bytes, at) * 100 + number2(bytes, at + 2);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days from 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
