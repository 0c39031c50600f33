import { readFile } from "node:fs/promises";
import type { Distribution, Distributions } from "../domain/api/data.ts";
import { SensorloopError } from "../domain/errors.ts";
import { cellOf, EVERYBODY, parseDescription, type ChannelStatistics, type Description } from "../domain/statistics/document.ts";
import { edgesOf } from "../domain/statistics/histogram.ts";
import type { Platform } from "../platform.ts";
import { findDescription } from "../store/repositories/descriptions.ts";
import { findSynthesis } from "../store/repositories/syntheses.ts";
import { needSpec } from "./projects.ts";

/**
 * How one channel, or one feature, of one cohort is distributed by class, by the project's newest description; beside it what was made up
 * from a description of the same snapshot.
 * @throws SensorloopError NOT_FOUND (a channel, feature or cohort that is not described), SPEC_UNKNOWN, FORMAT_TOO_OLD, FORMAT_TOO_NEW, OBJECT_CORRUPT
 */
export async function showDistributions(
  platform: Platform,
  project: string,
  query: { channel?: string; cohort?: string },
): Promise<Distributions> {
  const by = (await needSpec(platform.db, project)).windows.kind === "row" ? "feature" : "channel";
  const found = await findDescription(platform.db, project);
  if (!found) return { snapshot: null, createdAt: null, by, channels: [], cohorts: [], channel: null, cohort: null, classes: [] };
  const description = await readDescription(platform, found.object);
  const made = (await findSynthesis(platform.db, project, found.snapshot))?.report.statistics;
  const { channels, classes } = description;
  const cohorts = description.cohorts.map(({ name }) => name);
  const [channel, cohort] = [query.channel ?? channels[0]!, query.cohort ?? EVERYBODY];
  if (!channels.includes(channel)) throw unknown(by, channel);
  if (!cohorts.includes(cohort)) throw unknown("cohort", cohort);
  return {
    ...{ snapshot: found.snapshot, createdAt: found.createdAt.toISOString(), by, channels, cohorts, channel, cohort },
    classes: classes.flatMap((label) => {
      const real = cellOf(description, label, cohort)?.channels[channel];
      const synthetic = made && cellOf(made, label, cohort)?.channels[channel];
      return real ? [{ label, real: distributionOf(real), synthetic: synthetic ? distributionOf(synthetic) : null }] : [];
    }),
  };
}

async function readDescription({ objects }: Platform, object: Parameters<Platform["objects"]["fetch"]>[0]): Promise<Description> {
  return parseDescription(JSON.parse(await readFile(await objects.fetch(object), "utf8")));
}

function distributionOf({ count, nulls, mean, sd, quantiles, histogram, min, max }: ChannelStatistics): Distribution {
  const empty = count === 0;
  return {
    ...{ count, nulls, mean: empty ? null : mean, sd: empty ? null : sd, quantiles: empty ? [] : quantiles },
    edges: edgesOf(histogram, { min, max }),
    counts: [...histogram.counts],
  };
}

function unknown(what: Distributions["by"] | "cohort", name: string): SensorloopError {
  return new SensorloopError("NOT_FOUND", `the newest description has no ${what} '${name}'`, { facts: { [what]: name } });
}
