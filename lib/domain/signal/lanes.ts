export interface Lane {
  readonly title: string;
  readonly unit: string | null;
  /** Places of its channels among the recording's. */
  readonly channels: readonly number[];
}

interface Channel {
  readonly name: string;
  readonly sensor: string;
  readonly unit: string | null;
}

/** More channels than this are not shown unless asked for: a lane would be a few pixels high. */
const MOST_SHOWN = 12;

/**
 * One lane a sensor (and unit: what is measured differently has a scale of its own), its channels over each other; or,
 * where they are split, one lane a channel. In the order of the channels.
 * @param hidden names of channels that are not shown
 */
export function lanesOf(channels: readonly Channel[], split: boolean, hidden: ReadonlySet<string>): Lane[] {
  const lanes = new Map<string, { title: string; unit: string | null; channels: number[] }>();
  for (const [place, { name, sensor, unit }] of channels.entries()) {
    if (hidden.has(name)) continue;
    const key = split ? name : `${sensor}\n${unit ?? ""}`;
    const lane = lanes.get(key);
    if (lane) lane.channels.push(place);
    else lanes.set(key, { title: split ? name : sensor, unit, channels: [place] });
  }
  return [...lanes.values()];
}

/** The channels that are hidden until someone asks for them. */
export function hiddenAtFirst(channels: readonly Channel[]): Set<string> {
  return new Set(channels.slice(MOST_SHOWN).map(({ name }) => name));
}

/** Place of each channel among those of its sensor and unit: what its colour goes by. */
export function placesInLanes(channels: readonly Channel[]): number[] {
  const seen = new Map<string, number>();
  return channels.map(({ sensor, unit }) => {
    const key = `${sensor}\n${unit ?? ""}`;
    const place = seen.get(key) ?? 0;
    seen.set(key, place + 1);
    return place;
  });
}
