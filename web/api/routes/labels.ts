import { SensorloopError } from "../../../lib/domain/errors.ts";
import type { Handlers, Services } from "../handlers.ts";

type Names = "addLabel" | "withdrawLabel" | "listLabels" | "importLabels" | "exportLabels" | "showAgreement";

const soon = () => Promise.reject(new SensorloopError("INTERNAL", "not built yet"));

export function labelHandlers(_services: Services): Handlers<Names> {
  return {
    addLabel: soon,
    withdrawLabel: soon,
    listLabels: soon,
    importLabels: soon,
    exportLabels: soon,
    showAgreement: soon,
  };
}
