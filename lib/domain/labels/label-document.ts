import type { Label } from "../api/labels.ts";

/** A format of labels that is written a recording at a time: the head, the recordings with something between them, the tail. */
export interface LabelDocument {
  readonly head: string;
  readonly between: string;
  readonly tail: string;
  /** @param labels of one recording or more, at least one */
  recordings(labels: readonly Label[]): string;
}
