import { SensorloopError } from "../../../lib/domain/errors.ts";
import type { Handlers, Services } from "../handlers.ts";

type Names = "listRecordings" | "showSignal" | "viewSignal" | "showMedia" | "modelArtifact" | "modelWeights";

const soon = () => Promise.reject(new SensorloopError("INTERNAL", "not built yet"));

export function signalHandlers(_services: Services): Handlers<Names> {
  return {
    listRecordings: soon,
    showSignal: soon,
    viewSignal: soon,
    showMedia: soon,
    modelArtifact: soon,
    modelWeights: soon,
  };
}
