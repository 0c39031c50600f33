/**
 * Limited-memory BFGS (Nocedal & Wright 2006, algorithm 7.4) for smooth functions of a few thousand variables, one
 * iteration a call, so that its state can be saved between iterations.
 */

/** Pairs of step and gradient change that are remembered. */
const MEMORY = 10;
/** Sufficient decrease and curvature of the weak Wolfe conditions (Nocedal & Wright's usual constants). */
const [DECREASE, CURVATURE] = [1e-4, 0.9];
const MAX_TRIALS = 30;
/** Largest slope (as scikit-learn has it) and relative gain at which it stops; answers no longer change then. */
const [SLOPE_TOLERANCE, GAIN_TOLERANCE] = [1e-4, 1e-9];

export interface Evaluation {
  readonly loss: number;
  readonly gradient: Float64Array;
}
export type Objective = (point: Float64Array) => Evaluation;

export interface LbfgsState {
  readonly point: Float64Array;
  readonly loss: number;
  readonly gradient: Float64Array;
  /** Newest last. */
  readonly steps: readonly Float64Array[];
  readonly changes: readonly Float64Array[];
}

export function startLbfgs(objective: Objective, point: Float64Array): LbfgsState {
  return { point, ...objective(point), steps: [], changes: [] };
}

/** One iteration; `finished` where the slope is flat or nothing more was gained, the state then being the best found. */
export function iterateLbfgs(objective: Objective, state: LbfgsState): { readonly state: LbfgsState; readonly finished: boolean } {
  if (isFlat(state.gradient)) return { state, finished: true };
  const direction = descent(state);
  const slope = dot(direction, state.gradient);
  const first = state.steps.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(state.gradient, state.gradient))) : 1;
  const found = search(objective, state, direction, slope, first);
  if (!found) return { state, finished: true };
  const step = found.point.map((value, index) => value - state.point[index]!);
  const change = found.gradient.map((value, index) => value - state.gradient[index]!);
  const curved = dot(step, change) > 1e-12 * dot(change, change);
  const next: LbfgsState = {
    ...found,
    steps: curved ? [...state.steps, step].slice(-MEMORY) : state.steps,
    changes: curved ? [...state.changes, change].slice(-MEMORY) : state.changes,
  };
  const gain = (state.loss - next.loss) / Math.max(Math.abs(state.loss), Math.abs(next.loss), 1e-12);
  return { state: next, finished: gain < GAIN_TOLERANCE || isFlat(next.gradient) };
}

/** The two-loop recursion: minus the gradient, times an estimate of the inverse of the second derivatives. */
function descent({ gradient, steps, changes }: LbfgsState): Float64Array {
  const direction = gradient.map((value) => -value);
  const shares: number[] = [];
  for (let index = steps.length - 1; index >= 0; index -= 1) {
    const share = dot(steps[index]!, direction) / dot(steps[index]!, changes[index]!);
    shares[index] = share;
    add(direction, changes[index]!, -share);
  }
  const last = steps.length - 1;
  if (last >= 0) {
    const scale = dot(steps[last]!, changes[last]!) / dot(changes[last]!, changes[last]!);
    for (let index = 0; index < direction.length; index += 1) direction[index]! *= scale;
  }
  for (let index = 0; index < steps.length; index += 1) {
    const back = dot(changes[index]!, direction) / dot(steps[index]!, changes[index]!);
    add(direction, steps[index]!, shares[index]! - back);
  }
  return direction;
}

/** Bisection for the weak Wolfe conditions (Burke, Lewis & Overton 2020); null where no step goes down. */
function search(objective: Objective, state: LbfgsState, direction: Float64Array, slope: number, first: number) {
  let [low, high, length] = [0, Infinity, first];
  let best: (Evaluation & { point: Float64Array }) | null = null;
  for (let trial = 0; trial < MAX_TRIALS; trial += 1) {
    const point = state.point.map((value, index) => value + length * direction[index]!);
    const { loss, gradient } = objective(point);
    if (!(loss <= state.loss + DECREASE * length * slope)) {
      high = length;
    } else {
      best = { point, loss, gradient };
      if (dot(gradient, direction) >= CURVATURE * slope) return best;
      low = length;
    }
    length = high < Infinity ? (low + high) / 2 : 2 * low;
  }
  return best;
}

function isFlat(gradient: Float64Array): boolean {
  return gradient.every((value) => Math.abs(value) <= SLOPE_TOLERANCE);
}

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < one.length; index += 1) sum += one[index]! * other[index]!;
  return sum;
}

function add(to: Float64Array, what: Float64Array, times: number): void {
  for (let index = 0; index < to.length; index += 1) to[index]! += times * what[index]!;
}
