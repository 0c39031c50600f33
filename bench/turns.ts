import type { BenchContext } from "./harness.ts";

/**
 * Runs the contenders in alternating turns, so that a slow minute of the machine meets all of them. The order moves
 * by one each round: nobody always runs after the same neighbour, with its files still in memory.
 */
export async function alternate<T>(
  context: Pick<BenchContext, "rounds" | "say">,
  contenders: Readonly<Record<string, (round: number) => Promise<T>>>,
  describe: (outcome: T) => string,
): Promise<Record<string, T[]>> {
  const names = Object.keys(contenders);
  const outcomes: Record<string, T[]> = Object.fromEntries(names.map((name) => [name, []]));
  for (let turn = 0; turn < context.rounds; turn++) {
    for (let place = 0; place < names.length; place++) {
      const name = names[(turn + place) % names.length]!;
      const outcome = await contenders[name]!(turn);
      outcomes[name]!.push(outcome);
      context.say(`round ${turn + 1} of ${context.rounds}, ${name}: ${describe(outcome)}`);
    }
  }
  return outcomes;
}
