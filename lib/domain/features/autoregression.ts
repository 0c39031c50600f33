/** Coefficients a1 to a4 of the prediction error filter 1 + a1 z^-1 + ... + a4 z^-4. */
export const AUTOREGRESSION_ORDER = 4;

/**
 * Fits an autoregressive model to a signal less its mean, by Burg's method (J. P. Burg 1975: least sum of forward and
 * backward prediction errors). All 0 for a constant signal; a signal of n samples has at most n - 1 coefficients.
 */
export function createAutoregression(capacity: number) {
  let forward = new Float64Array(capacity);
  let backward = new Float64Array(capacity);
  const a = new Float64Array(AUTOREGRESSION_ORDER + 1);
  const mirrored = new Float64Array(AUTOREGRESSION_ORDER + 1);

  return (values: Float64Array, length: number, mean: number, out: Float32Array, at: number): void => {
    if (length > forward.length) {
      forward = new Float64Array(2 * length);
      backward = new Float64Array(2 * length);
    }
    a.fill(0);
    a[0] = 1;
    let product = 0;
    let energy = 0;
    let previous = 0;
    for (let index = 0; index < length; index++) {
      const value = values[index]! - mean;
      forward[index] = value;
      backward[index] = value;
      if (index > 0) {
        product += value * previous;
        energy += value * value + previous * previous;
      }
      previous = value;
    }
    // A signal that its own past predicts to the last bit leaves only rounding to divide by.
    const least = energy * 1e-14;
    for (let order = 1; order <= AUTOREGRESSION_ORDER && order < length && energy > least; order++) {
      const reflection = (-2 * product) / energy;
      for (let index = 0; index <= order; index++) mirrored[index] = a[order - index]!;
      for (let index = 1; index <= order; index++) a[index] = a[index]! + reflection * mirrored[index]!;
      product = 0;
      energy = 0;
      let delayed = backward[order - 1]!;
      let lastBackward = 0;
      for (let index = order; index < length; index++) {
        const ahead = forward[index]!;
        const newForward = ahead + reflection * delayed;
        const newBackward = delayed + reflection * ahead;
        if (index > order) {
          product += newForward * lastBackward;
          energy += newForward * newForward + lastBackward * lastBackward;
        }
        delayed = backward[index]!;
        forward[index] = newForward;
        backward[index] = newBackward;
        lastBackward = newBackward;
      }
    }
    for (let index = 0; index < AUTOREGRESSION_ORDER; index++) out[at + index] = a[index + 1]!;
  };
}
