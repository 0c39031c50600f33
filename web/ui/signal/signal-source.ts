import { useMemo } from "react";
import { decodeView, type SignalSource } from "../../../lib/domain/signal/view.ts";
import { bytesOf } from "../api/client.ts";

/** Views of one recording from the API. */
export function sourceOf(project: string, { subject, recording }: { readonly subject: string; readonly recording: string }): SignalSource {
  return {
    view: async (from, to, columns, signal) =>
      decodeView(await bytesOf("viewSignal", { params: { project }, query: { subject, recording, from, to, columns } }, signal)),
  };
}

/** The same recording keeps its source, and with it what a viewer has kept. */
export function useSignalSource(project: string, subject: string, recording: string): SignalSource {
  return useMemo(() => sourceOf(project, { subject, recording }), [project, subject, recording]);
}
