import type { TrackSpan } from "../../../../lib/domain/score/track.ts";
import type { HeldTask } from "../../labelling/device.ts";
import type { TrackAnswer, TrackQuestion } from "./track-worker.ts";
import { windowOf } from "./window-place.ts";

export type Track =
  | { readonly state: "coming" }
  | { readonly state: "there"; readonly spans: readonly TrackSpan[] }
  /** Why this model has no word on the moments of this signal. */
  | { readonly state: "none"; readonly why: string };

/** The champion's word on what lies around each task, computed beside the page, in a worker. */
export interface Tracks {
  subscribe(this: void, listener: () => void): () => void;
  /** Changes with every answer. */
  version(this: void): number;
  trackOf(this: void, model: string, held: HeldTask): Track;
  /** Has the tracks of these computed, in this order; others are forgotten. */
  want(this: void, model: string, tasks: readonly HeldTask[]): void;
  close(this: void): void;
}

/** Windows that are scored over the length of one. */
const STEPS_PER_WINDOW = 8;
const AGAIN_MS = 5_000;
const COMING: Track = { state: "coming" };

export function openTracks(): Tracks {
  const listeners = new Set<() => void>();
  const tracks = new Map<string, Track>();
  const worker = new Worker(new URL("./track-worker.ts", import.meta.url), { type: "module" });
  let version = 0;
  const keyOf = (model: string, { id }: HeldTask) => `${model} ${id}`;
  const settle = (key: string, track: Track | null) => {
    if (!tracks.has(key)) return;
    if (track === null) tracks.delete(key);
    else tracks.set(key, track);
    version += 1;
    for (const listener of listeners) listener();
  };
  worker.addEventListener("message", ({ data }: MessageEvent<TrackAnswer>) => {
    if ("spans" in data) settle(data.key, { state: "there", spans: data.spans });
    else if (data.again) setTimeout(() => settle(data.key, null), AGAIN_MS);
    else settle(data.key, { state: "none", why: data.why });
  });
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    for (const key of tracks.keys()) settle(key, { state: "none", why: "the worker that computes it has failed" });
  });
  return {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    version: () => version,
    trackOf: (model, held) => tracks.get(keyOf(model, held)) ?? COMING,
    want(model, tasks) {
      const wanted = new Set(tasks.map((held) => keyOf(model, held)));
      for (const key of tracks.keys()) if (!wanted.has(key)) tracks.delete(key);
      for (const held of tasks) {
        const key = keyOf(model, held);
        if (tracks.has(key)) continue;
        const question = questionOf(key, model, held);
        tracks.set(key, question ? COMING : { state: "none", why: "the window is too long to be scored here" });
        if (question) worker.postMessage(question);
      }
    },
    close: () => worker.terminate(),
  };
}

function questionOf(key: string, model: string, { task, info, part }: HeldTask): TrackQuestion | null {
  if (part.step !== 1) return null;
  const { from, to } = windowOf(task, info);
  return {
    ...{ key, model },
    part: {
      from: part.from,
      length: part.columns,
      channels: new Map(info.channels.map(({ name }, index) => [name, part.channels[index]!.first] as const)),
      stretches: info.stretches,
    },
    step: Math.max(1, Math.floor((to - from) / STEPS_PER_WINDOW)),
  };
}
