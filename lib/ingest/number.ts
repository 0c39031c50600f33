/** Why a cell is no measured value: not a number at all, or not one that a float can hold. */
export type NumberFault = "type" | "finite";

let fault: NumberFault = "type";

/** What was wrong with the cell for which `parseFloat32` last returned NaN. */
export const numberFault = (): NumberFault => fault;

const MAX_FLOAT = 3.4028234663852886e38;
/** As literals: the engine computes `10 ** n` with errors in the last place. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const NOT_FINITE = /^[+-]?(nan|inf|infinity)$/i;

/**
 * The decimal number in `bytes[from, to)` times `scale`, as the nearest float; NaN where there is none (`numberFault`).
 *
 * A mantissa of up to 15 digits and a power of ten up to 22 are both exact doubles, so that one division or product is
 * correctly rounded (Clinger 1990). Of longer mantissas the first 15 digits and their successor enclose the value:
 * rounding is monotone, hence where both ends give one float, that is the answer; else the engine's parser decides.
 */
export function parseFloat32(bytes: Buffer, from: number, to: number, scale: number): number {
  let at = from;
  let negative = false;
  const sign = bytes[at];
  if (sign === 45 || sign === 43) {
    negative = sign === 45;
    at++;
  }
  let mantissa = 0;
  let digits = 0;
  let exponent = 0;
  let cut = false;
  const integer = at;
  for (; at < to; at++) {
    const digit = (bytes[at] as number) - 48;
    if (digit < 0 || digit > 9) break;
    if (digits < 15) {
      mantissa = mantissa * 10 + digit;
      if (mantissa > 0) digits++;
    } else {
      exponent++;
      cut ||= digit > 0;
    }
  }
  let seen = at - integer;
  if (at < to && bytes[at] === 46) {
    const fraction = ++at;
    for (; at < to; at++) {
      const digit = (bytes[at] as number) - 48;
      if (digit < 0 || digit > 9) break;
      if (digits < 15) {
        mantissa = mantissa * 10 + digit;
        exponent--;
        if (mantissa > 0) digits++;
      } else cut ||= digit > 0;
    }
    seen += at - fraction;
  }
  if (seen === 0) return refuse(bytes, from, to);
  if (at < to) {
    const letter = bytes[at];
    if (letter !== 101 && letter !== 69) return refuse(bytes, from, to);
    at++;
    const minus = bytes[at] === 45;
    if (at < to && (minus || bytes[at] === 43)) at++;
    if (at === to) return refuse(bytes, from, to);
    let power = 0;
    for (; at < to; at++) {
      const digit = (bytes[at] as number) - 48;
      if (digit < 0 || digit > 9) return refuse(bytes, from, to);
      if (power < 100_000) power = power * 10 + digit;
    }
    exponent += minus ? -power : power;
  }
  let value: number;
  if (exponent < -22 || exponent > 22) value = exactly(bytes, from, to) * scale;
  else {
    const power = POWERS[exponent < 0 ? -exponent : exponent] as number;
    value = (exponent < 0 ? mantissa / power : mantissa * power) * scale;
    if (cut) {
      const above = (exponent < 0 ? (mantissa + 1) / power : (mantissa + 1) * power) * scale;
      if (Math.fround(value) !== Math.fround(above)) value = Math.abs(exactly(bytes, from, to)) * scale;
    }
    if (negative) value = -value;
  }
  if (!(value <= MAX_FLOAT && value >= -MAX_FLOAT)) {
    fault = "finite";
    return NaN;
  }
  return Math.fround(value);
}

function exactly(bytes: Buffer, from: number, to: number): number {
  return Number(textOf(bytes, from, to));
}

function refuse(bytes: Buffer, from: number, to: number): number {
  fault = to - from <= 9 && NOT_FINITE.test(textOf(bytes, from, to)) ? "finite" : "type";
  return NaN;
}

/** The cell as text. */
export function textOf(bytes: Buffer, from: number, to: number): string {
  return bytes.toString("utf8", from, to);
}
