/** One-hot rows, softened: the class gets 1 - smoothing, and every class an equal part of `smoothing`. Row-major [rows, classes]. */
export function smoothedTargets(labels: Int32Array, classes: number, smoothing: number): Float32Array {
  const targets = new Float32Array(labels.length * classes).fill(smoothing / classes);
  for (const [row, label] of labels.entries()) targets[row * classes + label]! += 1 - smoothing;
  return targets;
}
