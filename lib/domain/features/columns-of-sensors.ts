import { SensorloopError } from "../errors.ts";
import { sensorsOf, type Spec } from "../spec.ts";
import { windowSamples } from "../windows.ts";
import { channelsAfterFilters, chosenFeatures } from "./choose.ts";
import { compileFeatures } from "./compile.ts";

/**
 * What a model may read that is to work with some of a project's sensors: features all of whose channels belong to them,
 * and the channels that do, in the order in which windows hold them. What a filter made belongs to the sensor it was made of.
 * @throws SensorloopError SPEC_INVALID where no channel comes from one of the sensors
 */
export function columnsOfSensors(spec: Spec, sensors: readonly string[]): { features: string[]; channels: string[] } {
  const unknown = sensors.find((sensor) => !sensorsOf(spec).includes(sensor));
  if (unknown !== undefined) throw new SensorloopError("SPEC_INVALID", `no channel comes from a sensor '${unknown}'`);
  const wanted = new Set(sensors);
  const sources = sensorsByChannel(spec);
  const belongs = (channel: string) => [...(sources.get(channel) ?? [])].every((sensor) => wanted.has(sensor));
  const channels = channelsAfterFilters(spec);
  const chosen = chosenFeatures(spec);
  const compiled = chosen && compileFeatures(chosen, channels, spec.rateHz, windowSamples(spec.windows, spec.rateHz) || 1);
  return {
    features: compiled?.names.filter((_, index) => compiled.reads[index]!.every(belongs)) ?? [],
    channels: channels.filter(belongs),
  };
}

/** Which sensors a channel's samples come from; several where files disagree. */
function sensorsByChannel(spec: Spec): ReadonlyMap<string, ReadonlySet<string>> {
  const sources = new Map<string, Set<string>>();
  const add = (channel: string, sensors: Iterable<string>) => {
    sources.set(channel, new Set([...(sources.get(channel) ?? []), ...sensors]));
  };
  for (const { channels } of spec.files) for (const [channel, { sensor }] of Object.entries(channels)) add(channel, [sensor]);
  for (const filter of spec.filters) {
    if (!("into" in filter) || !filter.into) continue;
    for (const [place, made] of filter.into.entries()) add(made, sources.get(filter.channels[place]!) ?? []);
  }
  return sources;
}
