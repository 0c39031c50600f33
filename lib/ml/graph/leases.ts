import type { Tensorflow } from "../backend.ts";
import { networkGraph } from "./network-graph.ts";
import type { NetworkShape } from "./network-graph.ts";
import { openGraph } from "./session.ts";
import type { GraphSession } from "./session.ts";

/** Sessions that wait to be used again. A session of a small network holds about a megabyte. */
const MOST_IDLE = 8;

const idle: { readonly key: string; readonly session: GraphSession }[] = [];

/** A graph that nobody else uses until it is given back. */
export interface Lease {
  readonly session: GraphSession;
  /** To be called once; its variables may hold anything from then on. */
  giveBack(): void;
}

/**
 * A graph of this shape: one that was given back, or a new one. Building a graph and having it optimised takes as long as
 * some epochs of a small network, and many of the genomes that evolution tries differ only in numbers that are fed.
 */
export async function leaseNetwork(tf: Tensorflow, shape: NetworkShape, signatures: readonly string[]): Promise<Lease> {
  const key = JSON.stringify([shape, signatures], (name, value: unknown) => (name === "rate" ? undefined : value));
  const place = idle.findIndex((waiting) => waiting.key === key);
  const session = place >= 0 ? idle.splice(place, 1)[0]!.session : await openGraph(tf, networkGraph(shape), signatures);
  const giveBack = () => {
    idle.push({ key, session });
    if (idle.length > MOST_IDLE) idle.shift()!.session.dispose();
  };
  return { session, giveBack };
}
