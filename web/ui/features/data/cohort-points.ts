import type { Cohorts } from "../../../../lib/domain/api/data.ts";

type Member = Cohorts["members"][number];

export interface Axis {
  readonly name: string;
  readonly low: number;
  readonly high: number;
}

export interface CohortPoint {
  readonly subject: string;
  readonly cohort: string;
  /** Shares of the axes, 0 to 1. */
  readonly x: number;
  readonly y: number;
  readonly note: string;
}

export interface CohortPoints {
  readonly x: Axis;
  readonly y: Axis;
  readonly points: readonly CohortPoint[];
}

const AXES: readonly Reading[] = [
  { name: "weight, kg", of: ({ profile }: Member) => profile?.weightKg ?? null },
  { name: "height, cm", of: ({ profile }: Member) => profile?.heightCm ?? null },
  { name: "age, years", of: ({ profile }: Member) => profile?.age ?? null },
];

/**
 * People as points: where they were compared by signals on the two main directions of these; else by the two figures of
 * their profiles in which the cohorts differ most. Null where fewer than three could be placed.
 */
export function cohortPoints(members: readonly Member[]): CohortPoints | null {
  const mapped = members.filter(({ place }) => place !== null);
  if (mapped.length >= 3) {
    const direction = (name: string, index: 0 | 1): Reading => ({ name, of: ({ place }) => place?.[index] ?? null });
    return placed(mapped, direction("first direction", 0), direction("second direction", 1));
  }
  const [first, second] = AXES.toSorted((one, other) => separation(members, other) - separation(members, one));
  return first === undefined || second === undefined ? null : placed(members, first, second);
}

/** Share of a figure's variance that lies between cohorts, 0 to 1, less where it is known of few. */
function separation(members: readonly Member[], { of }: Reading): number {
  const known = members.flatMap((member) => {
    const value = of(member);
    return value === null ? [] : [{ cohort: member.cohort, value }];
  });
  const mean = (values: readonly { readonly value: number }[]) => values.reduce((sum, { value }) => sum + value, 0) / values.length;
  const centre = mean(known);
  const total = known.reduce((sum, { value }) => sum + (value - centre) ** 2, 0);
  if (!(total > 0)) return 0;
  const groups = [...Map.groupBy(known, ({ cohort }) => cohort).values()];
  const between = groups.reduce((sum, group) => sum + group.length * (mean(group) - centre) ** 2, 0);
  return (between / total) * (known.length / members.length);
}

interface Reading {
  readonly name: string;
  readonly of: (member: Member) => number | null;
}

function placed(members: readonly Member[], x: Reading, y: Reading): CohortPoints | null {
  const known = members.flatMap((member) => {
    const [at, up] = [x.of(member), y.of(member)];
    return at === null || up === null ? [] : [{ member, at, up }];
  });
  if (known.length < 3) return null;
  const [across, along] = [
    axisOf(
      x.name,
      known.map(({ at }) => at),
    ),
    axisOf(
      y.name,
      known.map(({ up }) => up),
    ),
  ];
  const share = (value: number, { low, high }: Axis) => (high > low ? (value - low) / (high - low) : 0.5);
  return {
    x: across,
    y: along,
    points: known.map(({ member, at, up }) => ({
      ...{ subject: member.subject, cohort: member.cohort, x: share(at, across), y: share(up, along) },
      note: [member.subject, member.cohort, member.side, wordsOf(member.profile)].filter(Boolean).join(", "),
    })),
  };
}

function axisOf(name: string, values: readonly number[]): Axis {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = 0.04 * (high - low);
  return { name, low: low - margin, high: high + margin };
}

function wordsOf(profile: Member["profile"]): string {
  if (profile === null) return "";
  const { age, sex, level, weightKg, heightCm } = profile;
  return [age !== null && `${age} years`, sex, level, heightCm !== null && `${heightCm} cm`, weightKg !== null && `${weightKg} kg`]
    .filter(Boolean)
    .join(", ");
}
