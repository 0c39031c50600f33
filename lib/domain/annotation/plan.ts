import type { TaskReason } from "../api/tasks.ts";
import { permutation, randomFor, type Random } from "../random.ts";
import type { AnnotationSpec } from "../spec-annotation.ts";
import { follows, overlaps, rankTasks, type RankedWindow } from "./ranking.ts";

/** A window with what speaks for asking about it. */
export interface QueueCandidate extends RankedWindow {
  readonly confidence: number;
  /** Drawn at random from all that have no label. */
  readonly drawn: boolean;
  /** A label, or a user's word, says otherwise than the model. */
  readonly contradicted: boolean;
  /** The champion before said otherwise. */
  readonly disputed: boolean;
  /** Its label is known, and whoever is asked does not know that. */
  readonly gold: boolean;
}

export interface PlannedTask {
  /** Index into the candidates. */
  readonly candidate: number;
  readonly reason: TaskReason;
  /** Independent answers wanted. */
  readonly wanted: number;
}

/** Purposes of the seed. */
const [PLACES, OVERLAP] = [11, 12];

/**
 * The queue that a promotion leaves: of each kind at most as many as the spec wants, a window for one reason only, of
 * windows that overlap one. The random slice is taken first and in the order given, whatever else speaks for its windows,
 * because only then it is a fair sample; with the gold samples it is spread evenly over the queue, so that it is answered
 * as far as the queue is. The others are ordered by `rankTasks`.
 * @param candidates drawn and gold ones in the order in which they were drawn
 */
export function planQueue(candidates: readonly QueueCandidate[], spec: AnnotationSpec, seed: number): PlannedTask[] {
  const taken = new Map<number, RankedWindow[]>();
  const isFree = (window: RankedWindow) => !(taken.get(window.at) ?? []).some((other) => overlaps(window, other));
  const take = (index: number) => {
    const window = candidates[index]!;
    taken.set(window.at, [...(taken.get(window.at) ?? []), window]);
  };
  const inTurn = (most: number, isMeant: (candidate: QueueCandidate) => boolean): number[] => {
    const chosen: number[] = [];
    for (const [index, candidate] of candidates.entries()) {
      if (chosen.length === most) break;
      if (!isMeant(candidate) || !isFree(candidate)) continue;
      take(index);
      chosen.push(index);
    }
    return chosen;
  };
  const ranked = (most: number, isMeant: (candidate: QueueCandidate) => boolean): number[] => {
    const meant = candidates.flatMap((candidate, index) => (isMeant(candidate) && isFree(candidate) ? [index] : []));
    const order = rankTasks(
      meant.map((index) => candidates[index]!),
      spec.order,
      most,
      seed,
    );
    const chosen = order.map((place) => meant[place]!);
    chosen.forEach(take);
    return chosen;
  };

  const { tasks, doubtBelow } = spec;
  const random = inTurn(tasks.random, ({ drawn }) => drawn);
  const gold = inTurn(tasks.gold, (candidate) => candidate.gold);
  const reasons = new Map<number, TaskReason>();
  const because = (reason: TaskReason, indices: readonly number[]) => indices.forEach((index) => reasons.set(index, reason));
  because("random", random);
  because("gold", gold);
  because(
    "contradicted",
    ranked(tasks.contradicted, ({ contradicted }) => contradicted),
  );
  because(
    "disagreement",
    ranked(tasks.disagreement, ({ disputed }) => disputed),
  );
  because(
    "uncertain",
    ranked(tasks.uncertain, (each) => !each.gold && !each.contradicted && each.confidence < doubtBelow),
  );

  const asked = [...reasons.keys()].filter((index) => !random.includes(index) && !gold.includes(index));
  const order = rankTasks(
    asked.map((index) => candidates[index]!),
    spec.order,
    asked.length,
    seed,
  ).map((place) => asked[place]!);
  const queue = woven(order, [...random, ...gold], candidates, randomFor(seed, PLACES));
  const chance = randomFor(seed, OVERLAP);
  return queue.map((candidate) => {
    const reason = reasons.get(candidate)!;
    const several = chance.uniform() < spec.overlap.share && reason !== "gold";
    return { candidate, reason, wanted: several ? spec.overlap.answers : 1 };
  });
}

/** Puts `others` between those of `order` at even distances, each at the nearest place where it follows no neighbour. */
function woven(order: readonly number[], others: readonly number[], candidates: readonly QueueCandidate[], random: Random): number[] {
  const queue = [...order];
  const shuffled = [...permutation(random, others.length)].map((place) => others[place]!);
  const step = (order.length + others.length) / Math.max(1, others.length);
  for (const [turn, index] of shuffled.entries()) {
    const aim = Math.min(queue.length, Math.round(turn * step + random.uniform() * (step - 1)));
    const free = (other: number | undefined) => other === undefined || !follows(candidates[index]!, candidates[other]!);
    const places = Array.from({ length: queue.length + 1 }, (_, place) => place);
    const fits = places.filter((place) => free(queue[place]) && free(queue[place - 1]));
    const place = fits.reduce((best, each) => (Math.abs(each - aim) < Math.abs(best - aim) ? each : best), fits[0] ?? aim);
    queue.splice(place, 0, index);
  }
  return queue;
}
