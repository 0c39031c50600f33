import type { Layer } from "../../../domain/layers.ts";
import type { Output } from "../graph.ts";
import { add, cast, concat, divide, equal, floatConstant, multiply, reduce, reshape, split } from "../operations.ts";
import type { Pass } from "./pass.ts";

/** Mean and highest over time; where several samples reach the highest they share its slope, as clipped signals do. */
export function globalPool({ samples, channels }: Extract<Layer, { kind: "global-pool" }>, input: Output): Pass {
  const { graph } = input;
  const highest = reduce("Max", input, [1, 2], true);
  const output = concat([reduce("Mean", input, [1, 2]), reshape(highest, [-1, channels])], 1);
  const back = (slope: Output) => {
    const [byMean, byHighest] = split(slope, [channels, channels], 1).map((part) => reshape(part, [-1, 1, 1, channels])) as [
      Output,
      Output,
    ];
    const reached = cast(equal(input, highest), "float32");
    const share = divide(byHighest, reduce("Sum", reached, [1, 2], true));
    return add(multiply(reached, share), multiply(byMean, floatConstant(graph, 1 / samples)));
  };
  return { output, back };
}
