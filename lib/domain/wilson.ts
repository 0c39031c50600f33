/** The 97.5 % point of the standard normal distribution. */
const Z = 1.959964;

/**
 * A share with its 95 % interval (E. B. Wilson, JASA 22, 1927), which stays within 0 and 1 and does not shrink to nothing at
 * either. It takes each of the `count` for drawn on its own.
 * @param count at least 1
 */
export function wilson(hits: number, count: number): { readonly value: number; readonly low: number; readonly high: number } {
  const value = hits / count;
  const z2 = Z * Z;
  const centre = (value + z2 / (2 * count)) / (1 + z2 / count);
  const half = (Z / (1 + z2 / count)) * Math.sqrt((value * (1 - value)) / count + z2 / (4 * count * count));
  return { value, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
