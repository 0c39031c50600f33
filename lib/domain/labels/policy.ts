import type { Label } from "../api/labels.ts";

/**
 * The one conflict policy. Training, features, tasks and pages all ask here which of several labels holds, so that a
 * label means the same everywhere:
 *
 * 1. What was superseded or taken back does not count.
 * 2. A stronger word outranks a weaker one: adjudicated > expert > annotators > a user's confirmation.
 * 3. Of several adjudicated labels, experts or users the latest counts.
 * 4. Annotators have a vote each, their latest word; the class with most votes holds. Where two have most, nobody's word
 *    holds, not even a weaker one: the stretch stays without a label until someone stronger speaks.
 *
 * Labels of different extent are cut at each other's edges, and each piece is decided on its own.
 */
export type SignedLabel = Pick<Label, "id" | "from" | "to" | "rateHz" | "class" | "authority" | "by" | "supersedes" | "at">;

/** A stretch that people agree on: [from, to) in samples of the recording's clock. */
export interface ResolvedSpan {
  readonly from: number;
  readonly to: number;
  readonly class: string;
}

/** The labels that nothing has superseded, without those that only take another back. In the order given. */
export function standing<Each extends Pick<Label, "id" | "class" | "supersedes">>(labels: readonly Each[]): Each[] {
  const superseded = new Set(labels.map((label) => label.supersedes));
  return labels.filter((label) => label.class !== null && !superseded.has(label.id));
}

/**
 * What all labels of one recording come to: spans that do not overlap, ascending, neighbours of one class joined.
 * The order in which labels are given never matters.
 * @param labels all labels of one recording, also superseded ones
 * @param rateHz rate of the clock that the spans are wanted on; labels signed at another one are converted
 */
export function resolve(labels: readonly SignedLabel[], rateHz: number): ResolvedSpan[] {
  const edges: Edge[] = [];
  for (const label of standing(labels)) {
    const scale = rateHz / label.rateHz;
    const from = Math.round(label.from * scale);
    const claim = { label, class: label.class!, at: Date.parse(label.at) };
    // What is shorter than a sample at a lower rate still is one.
    edges.push({ place: from, begins: true, claim }, { place: Math.max(from + 1, Math.round(label.to * scale)), begins: false, claim });
  }
  edges.sort((left, right) => left.place - right.place);
  const spans: { from: number; to: number; class: string }[] = [];
  const active = new Set<Claim>();
  for (const [index, { place, begins, claim }] of edges.entries()) {
    if (begins) active.add(claim);
    else active.delete(claim);
    const next = edges[index + 1]?.place ?? place;
    const winner = next > place ? decide(active) : null;
    if (winner === null) continue;
    const last = spans.at(-1);
    if (last?.to === place && last.class === winner) last.to = next;
    else spans.push({ from: place, to: next, class: winner });
  }
  return spans;
}

interface Claim {
  readonly label: SignedLabel;
  readonly class: string;
  readonly at: number;
}
interface Edge {
  readonly place: number;
  readonly begins: boolean;
  readonly claim: Claim;
}

/** The class that holds where all these labels do; null for none. */
function decide(claims: ReadonlySet<Claim>): string | null {
  for (const authority of ["adjudicated", "expert"] as const) {
    const word = latestOf(claims, authority);
    if (word) return word.class;
  }
  const votes = new Map<string, Claim>();
  for (const claim of claims) {
    if (claim.label.authority !== "annotator") continue;
    const before = votes.get(claim.label.by);
    if (!before || isLater(claim, before)) votes.set(claim.label.by, claim);
  }
  return votes.size > 0 ? majorityOf(votes.values()) : (latestOf(claims, "user")?.class ?? null);
}

function latestOf(claims: ReadonlySet<Claim>, authority: SignedLabel["authority"]): Claim | null {
  let latest: Claim | null = null;
  for (const claim of claims) if (claim.label.authority === authority && (!latest || isLater(claim, latest))) latest = claim;
  return latest;
}

/** Labels of one import have one time: their ids then decide, so that the answer is the same for everyone who asks. */
function isLater(claim: Claim, other: Claim): boolean {
  return claim.at > other.at || (claim.at === other.at && claim.label.id > other.label.id);
}

/** The class with most votes, null where two have most. */
function majorityOf(votes: Iterable<Claim>): string | null {
  const counts = new Map<string, number>();
  for (const { class: name } of votes) counts.set(name, (counts.get(name) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const [winner, rival] = [...counts].filter(([, count]) => count === most);
  return rival ? null : winner![0];
}
