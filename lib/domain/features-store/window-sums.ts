import { isSynthetic } from "../recording-id.ts";
import type { WindowShard } from "../window-shard.ts";
import { dayOf } from "./day.ts";
import type { WindowsSet } from "./definition.ts";
import type { FeatureRow } from "./feature-row.ts";
import { Summary } from "./statistic.ts";

/** When the windows of a recording that has no clock of its own count as having happened, in ms since 1970; null where it has one. */
export type TimeWithoutClock = (subject: string, recording: string) => number | null;

interface Group {
  readonly subject: string;
  /** Absent where it is a day. */
  readonly recording?: string;
  eventMs: number;
  readonly features: readonly Summary[];
}

/**
 * Window features summed up over each recording, or each UTC day by the samples' clock. The extra windows of training do
 * not count. The time of a row is the end of the last window in it: nothing in it is later.
 */
export class WindowSums {
  readonly #set: WindowsSet;
  readonly #names: readonly string[];
  readonly #groups = new Map<string, Group>();

  /** @param names of the features, as the set has them */
  constructor(set: WindowsSet, names: readonly string[]) {
    this.#set = set;
    this.#names = names;
  }

  /** A feature that the shard lacks stays missing. Windows of a recording are in order of time. */
  add(shard: WindowShard, timeWithoutClock: TimeWithoutClock): void {
    const places = this.#names.map((name) => shard.features.indexOf(name));
    const fixed = new Map<number, number | null>();
    for (let window = 0; window < shard.windows; window++) {
      const subject = shard.subjects[shard.subject[window]!]!;
      if (shard.dense[window] !== 0 || isSynthetic(subject)) continue;
      const recording = shard.recording[window]!;
      if (!fixed.has(recording)) fixed.set(recording, timeWithoutClock(subject, shard.recordings[recording]!));
      const seconds = (shard.to[window]! - shard.from[window]!) / shard.rateHz;
      const endMs = fixed.get(recording) ?? Math.ceil(shard.startUs[window]! / 1000 + seconds * 1000);
      const group = this.#group(subject, this.#set.per === "day" ? dayOf(endMs) : shard.recordings[recording]!);
      group.eventMs = Math.max(group.eventMs, endMs);
      const begin = window * shard.features.length;
      for (const [feature, place] of places.entries())
        group.features[feature]!.add(place < 0 ? NaN : shard.featureValues[begin + place]!, endMs);
    }
  }

  /**
   * What was summed up since the last call. A recording is in one shard, a day may be in several. Values are rounded to 32
   * bits, as features are: in which order windows were added must not make another row.
   */
  *take(): Generator<FeatureRow> {
    const { statistic } = this.#set;
    const groups = [...this.#groups.values()];
    this.#groups.clear();
    for (const { features, ...group } of groups) yield { ...group, values: features.map((feature) => rounded(feature.of(statistic))) };
  }

  #group(subject: string, part: string | number): Group {
    const key = JSON.stringify([subject, part]);
    let group = this.#groups.get(key);
    if (!group) {
      const whose = typeof part === "string" ? { subject, recording: part } : { subject };
      group = { ...whose, eventMs: -Infinity, features: this.#names.map(() => new Summary()) };
      this.#groups.set(key, group);
    }
    return group;
  }
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.fround(value);
}
