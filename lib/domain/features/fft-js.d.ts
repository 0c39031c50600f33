/** The part of fft.js that is used; the package carries no types. */
declare module "fft.js" {
  export default class FFT {
    constructor(size: number);
    /** `data` holds `size` real values; `out` (2 x size) gets re, im of the bins 0 to size/2. */
    realTransform(out: Float64Array, data: Float64Array): void;
    /** Both hold `size` complex values as re, im, re, im, ... */
    transform(out: Float64Array, data: Float64Array): void;
  }
}
