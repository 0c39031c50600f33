import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { channelsAfterFilters, chosenFeatures } from "../../lib/domain/features/choose.ts";
import { columnsOfSensors } from "../../lib/domain/features/columns-of-sensors.ts";
import { compileFeatures } from "../../lib/domain/features/compile.ts";
import { randomFor } from "../../lib/domain/random.ts";
import { readSpec } from "../../lib/domain/spec-file.ts";
import type { Spec } from "../../lib/domain/spec.ts";

const exampleOf = async (project: string) =>
  readSpec(await readFile(new URL(`../../examples/${project}/spec.yaml`, import.meta.url), "utf8"), project);

/** Features that still have a value where all channels but these were never measured. */
function computable(spec: Spec, measured: readonly string[], samples: number): string[] {
  const channels = channelsAfterFilters(spec);
  const features = compileFeatures(chosenFeatures(spec)!, channels, spec.rateHz, samples);
  const random = randomFor(3);
  const series = channels.map((name) =>
    Float32Array.from({ length: samples }, () => (measured.includes(name) ? random.normal() : Number.NaN)),
  );
  const out = new Float32Array(features.names.length);
  features.compute(series, 0, samples, out, 0);
  return features.names.filter((_, index) => !Number.isNaN(out[index]));
}

describe("the columns of a sensor set", () => {
  it.each([["acc"], ["gyro"], ["acc", "gyro"]].map((sensors) => [sensors.join("+"), sensors] as const))(
    "are, of %s, exactly the features that its channels suffice for",
    async (_, sensors) => {
      const spec = await exampleOf("har");
      const { features, channels } = columnsOfSensors(spec, sensors);
      expect(features).toEqual(computable(spec, channels, 128));
      expect(features.length).toBeGreaterThan(200);
    },
  );

  it("count what a filter made of a channel among its sensor's", async () => {
    const spec = await exampleOf("har");
    expect(columnsOfSensors(spec, ["acc"]).channels).toEqual(["total_x", "total_y", "total_z", "body_x", "body_y", "body_z"]);
    expect(columnsOfSensors(spec, ["acc", "gyro"]).features).toHaveLength(1339);
    // The gyroscope seen along gravity needs the accelerometer.
    expect(columnsOfSensors(spec, ["gyro"]).features).not.toContain("body_gyro.vertical.mean");
  });

  it("are the channels themselves where rows are examples", async () => {
    const spec = await exampleOf("wisdm");
    const { features, channels } = columnsOfSensors(spec, ["acc"]);
    expect(features).toEqual(channels);
    expect(features).toHaveLength(43);
  });

  it("are refused of a sensor that nothing comes from", async () => {
    const spec = await exampleOf("wisdm");
    expect(() => columnsOfSensors(spec, ["acc", "heart"])).toThrow("no channel comes from a sensor 'heart'");
  });
});
