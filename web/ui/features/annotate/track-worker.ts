import "../../api/strict-csp.ts";
import { scoringModelSchema } from "../../../../lib/domain/api/signals.ts";
import { modelOf } from "../../../../lib/domain/score/model.ts";
import { predictorOf, type Predictor } from "../../../../lib/domain/score/predictor.ts";
import { trackOf, type Stretch, type TrackSpan } from "../../../../lib/domain/score/track.ts";
import type { Spec } from "../../../../lib/domain/spec.ts";
import { bytesOf } from "../../api/client.ts";
import { failureOf } from "../../api/failure.ts";

/** One part of a recording, to be scored by one model. */
export interface TrackQuestion {
  readonly key: string;
  readonly model: string;
  readonly part: Stretch;
  /** Samples between two windows. */
  readonly step: number;
}
export type TrackAnswer =
  | { readonly key: string; readonly spans: readonly TrackSpan[] }
  /** `again`: asking later may help. */
  | { readonly key: string; readonly why: string; readonly again: boolean };

interface Loaded {
  readonly predictor: Predictor;
  readonly spec: Spec;
}

/** Models do not change; a champion is followed by another model. */
const loaded = new Map<string, Promise<Loaded>>();

async function load(model: string): Promise<Loaded> {
  const params = { model };
  const [description, weights] = await Promise.all([bytesOf("modelArtifact", { params }), bytesOf("modelWeights", { params })]);
  const { artifact, spec } = scoringModelSchema.parse(JSON.parse(new TextDecoder().decode(description)));
  // Only pages that came by https, or from this machine, may compute hashes.
  if (!isSecureContext) throw new Error("the weights cannot be verified on a page that came without https");
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", weights));
  if (Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("") !== artifact.weights.sha256)
    throw new Error("the weights of the model do not match their hash");
  return { predictor: predictorOf(modelOf(artifact, new Uint8Array(weights))), spec };
}

async function answer({ key, model, part, step }: TrackQuestion): Promise<TrackAnswer> {
  if (!loaded.has(model)) loaded.set(model, load(model));
  try {
    const { predictor, spec } = await loaded.get(model)!;
    return { key, spans: trackOf(predictor, spec, part, step) };
  } catch (error) {
    const { message, retryable, code } = failureOf(error);
    const again = retryable && code !== "PAGE_ERROR";
    if (again) loaded.delete(model);
    return { key, why: message, again };
  }
}

addEventListener("message", ({ data }: MessageEvent<TrackQuestion>) => {
  void answer(data).then((found) => postMessage(found));
});
