import type { Done, Frame, Output } from "./graph.ts";
import { intConstant, text, typed } from "./operations.ts";

export interface Round {
  /** What the next round is given. */
  readonly carried: readonly Output[];
  /** What has to be done before the next round begins. */
  readonly after: readonly Done[];
}

/**
 * Runs `body` with 0, 1, ... `limit` - 1, one round after another, and gives what the last one carried. Written in
 * TensorFlow's first control flow (Yu et al. 2018, "Dynamic control flow in large-scale machine learning"), because its
 * optimiser sees into it, as it does not into functions.
 */
export function countedLoop(
  limit: Output,
  initial: readonly Output[],
  body: (count: Output, carried: readonly Output[]) => Round,
): readonly Output[] {
  const { graph } = limit;
  const frameName = graph.reserve("loop");
  const entered = new Map<string, Output>();
  const enter = (outside: Output, fixed: boolean): Output => {
    const attributes = { T: typed(outside.type), frame_name: text(frameName), is_constant: { b: fixed } };
    return graph.place("Enter", [outside], [outside.type], { attributes, frame, fixed }).outputs[0]!;
  };
  const frame: Frame = {
    enter: (outside) => {
      const key = `${outside.node}:${outside.index}`;
      const inside = entered.get(key) ?? enter(outside, true);
      entered.set(key, inside);
      return inside;
    },
    get begun() {
      return count;
    },
  };
  const inFrame = (op: string, inputs: readonly Output[], types: Output["type"][], attributes = {}, name?: string) =>
    graph.place(op, inputs, types, { attributes, frame, name }).outputs;

  const merged = [intConstant(graph, 0), ...initial].map((value) => {
    const next = graph.reserve("NextIteration");
    const first = enter(value, false);
    const later: Output = { ...first, node: next };
    return { next, value: inFrame("Merge", [first, later], [value.type, "int32"], { T: typed(value.type), N: { i: 2 } })[0]! };
  });
  const goesOn = inFrame("Less", [merged[0]!.value, frame.enter(limit)], ["bool"], { T: typed("int32") });
  const condition = inFrame("LoopCond", goesOn, ["bool"])[0]!;
  const switched = merged.map(({ value }) => inFrame("Switch", [value, condition], [value.type, value.type], { T: typed(value.type) }));
  const [count, ...carried] = switched.map(
    ([, inside]) => inFrame("Identity", [inside!], [inside!.type], { T: typed(inside!.type) })[0]!,
  ) as [Output, ...Output[]];
  const next = graph.within(frame, () => {
    const round = body(count, carried);
    const counted = graph.one("AddV2", [count, intConstant(graph, 1)], "int32", { attributes: { T: typed("int32") }, after: round.after });
    return [counted, ...round.carried];
  });
  for (const [index, value] of next.entries())
    inFrame("NextIteration", [value], [value.type], { T: typed(value.type) }, merged[index]!.next);
  return switched
    .slice(1)
    .map(([outside]) => graph.place("Exit", [outside!], [outside!.type], { attributes: { T: typed(outside!.type) } }).outputs[0]!);
}
