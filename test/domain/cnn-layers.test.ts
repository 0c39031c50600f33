import { expect, it } from "vitest";
import { layersOf } from "../../lib/domain/architecture.ts";
import { leavesOf, outputsOf, productsOf, tensorsOf } from "../../lib/domain/layers.ts";
import { genomeSchema } from "../../lib/domain/spec.ts";
import type { NetworkGenome } from "../../lib/domain/spec.ts";

const CONVOLUTIONS = [{ filters: 4, kernel: 3, pool: 2 }];
const BRANCHED = genomeSchema.parse({ family: "cnn", convolutions: CONVOLUTIONS, features: { units: 5 } }) as NetworkGenome;
const ALONE = genomeSchema.parse({ family: "cnn", convolutions: CONVOLUTIONS }) as NetworkGenome;

it("a cnn with features joins both branches before its output, and drops in each of them once", () => {
  const layers = layersOf(BRANCHED, { kind: "both", samples: 8, channels: 2, width: 6 }, 3);
  expect(layers.map(({ kind }) => kind)).toEqual(["branches", "dense"]);
  // Mean and highest of 4 filters, and 5 units.
  expect(outputsOf(layers.slice(0, 1))).toBe(13);
  expect(outputsOf(layers)).toBe(3);
  expect(leavesOf(layers).flatMap((layer) => (layer.kind === "dropout" ? [[layer.rate, layer.size]] : []))).toEqual([
    [0.5, 8],
    [0.3, 5],
  ]);
  expect(tensorsOf(layers).map(({ name, shape }) => [name, ...shape])).toEqual([
    ["convolution-1/weights", 3, 2, 4],
    ["convolution-1/bias", 4],
    ["features/weights", 6, 5],
    ["features/bias", 5],
    ["output/weights", 13, 3],
    ["output/bias", 3],
  ]);
  expect(productsOf(layers)).toBe(8 * 3 * 2 * 4 + 6 * 5 + 13 * 3);
});

it.each([
  ["features where there are none", BRANCHED, { kind: "signal", samples: 8, channels: 2 }, "carry none"],
  ["a signal where there is none", ALONE, { kind: "features", width: 6 }, "only features"],
  ["less than it was given", ALONE, { kind: "both", samples: 8, channels: 2, width: 6 }, "as well"],
  ["more samples than pooling leaves", ALONE, { kind: "signal", samples: 1, channels: 2 }, "pools 2 samples"],
] as const)("a cnn that would read %s is refused", (_, genome, input, why) => {
  expect(() => layersOf(genome, input, 3)).toThrow(
    expect.objectContaining({ code: "SPEC_INVALID", message: expect.stringContaining(why) }),
  );
});
