import { useMemo } from "react";
import { decodeView, type SignalSource } from "../../../lib/domain/signal/view.ts";
import { bytesOf } from "../api/client.ts";

/** Views of one recording from the API. The same recording keeps its source, and with it what a viewer has kept. */
export function useSignalSource(project: string, subject: string, recording: string): SignalSource {
  return useMemo(
    () => ({
      view: async (from, to, columns, signal) =>
        decodeView(await bytesOf("viewSignal", { params: { project }, query: { subject, recording, from, to, columns } }, signal)),
    }),
    [project, subject, recording],
  );
}
