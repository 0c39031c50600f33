import { countText } from "../../parts/number-text.ts";

/** An upload of several files, as far as it has come. */
export interface Sending {
  readonly files: number;
  readonly bytes: number;
  /** Of files that are answered. */
  readonly doneBytes: number;
  readonly current: string | null;
  readonly currentBytes: number;
  readonly taken: number;
  /** Were here already under the same name. */
  readonly known: number;
  readonly refused: readonly { readonly name: string; readonly why: string }[];
  readonly stopped: boolean;
  readonly startedMs: number;
  readonly nowMs: number;
}

export function begin(files: readonly { readonly size: number }[], nowMs: number): Sending {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const nothing = { doneBytes: 0, current: null, currentBytes: 0, taken: 0, known: 0, refused: [], stopped: false };
  return { files: files.length, bytes, ...nothing, startedMs: nowMs, nowMs };
}

/** Rate and time left; null before there is something to tell from. */
export function restOf({ bytes, doneBytes, currentBytes, startedMs, nowMs }: Sending): { perSecond: number; seconds: number } | null {
  const [sent, seconds] = [doneBytes + currentBytes, (nowMs - startedMs) / 1000];
  if (sent === 0 || seconds < 1) return null;
  return { perSecond: sent / seconds, seconds: ((bytes - sent) / sent) * seconds };
}

/** What it came to, in a sentence. */
export function outcomeOf({ files, taken, known, refused, stopped }: Sending): string {
  const count = (number: number) => (number === 1 ? "1 file" : `${countText(number)} files`);
  const parts = [
    `${count(taken)} taken in`,
    known > 0 && `${countText(known)} known already`,
    refused.length > 0 && `${countText(refused.length)} refused`,
    stopped && `stopped before ${count(files - taken - known - refused.length)}`,
  ];
  return parts.filter(Boolean).join(", ");
}
