import { follows } from "./ranking.ts";

interface Window {
  readonly subject: string;
  readonly recording: string;
  readonly from: number;
  readonly to: number;
}

/**
 * The same windows, as far as can be in the same order, but none right after one that it follows in its recording: queues
 * that were made at different times are woven into each other. Where nothing else is left they stay side by side.
 */
export function spaced<Each extends Window>(windows: readonly Each[]): Each[] {
  const rest = [...windows];
  const order: Each[] = [];
  while (rest.length > 0) {
    const last = order.at(-1);
    const next = last === undefined ? 0 : rest.findIndex((window) => !isNear(window, last));
    order.push(...rest.splice(Math.max(0, next), 1));
  }
  return order;
}

function isNear(a: Window, b: Window): boolean {
  return a.subject === b.subject && a.recording === b.recording && follows({ ...a, at: 0 }, { ...b, at: 0 });
}
