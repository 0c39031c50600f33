import { predictorOf, type Predictor } from "../domain/score/predictor.ts";
import { readModel } from "./model-files.ts";

/**
 * A model that answers, from its two files' bytes.
 * @throws SensorloopError ARTIFACT_CORRUPT, FORMAT_TOO_NEW as `readModel`
 */
export function loadPredictor(artifactBytes: Uint8Array, weightBytes: Uint8Array, artifactSha256?: string): Predictor {
  return predictorOf(readModel(artifactBytes, weightBytes, artifactSha256));
}
