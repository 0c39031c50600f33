import { panBy, zoomAt } from "../../../lib/domain/signal/zoom.ts";
import type { SampleRange } from "../../../lib/domain/signal/view.ts";

/** The view that a key leads to; null for a key that means nothing here. Letters and digits are left to the page: they label. */
export function viewAfterKey(
  key: { readonly key: string; readonly shiftKey: boolean },
  view: SampleRange,
  { step, samples }: { readonly step: number; readonly samples: number },
): SampleRange | null {
  const span = view.to - view.from;
  const by = key.shiftKey ? span : step;
  switch (key.key) {
    case "ArrowLeft":
      return panBy(view, -by, samples);
    case "ArrowRight":
      return panBy(view, by, samples);
    case "+":
    case "=":
      return zoomAt(view, view.from + span / 2, 0.5, samples);
    case "-":
      return zoomAt(view, view.from + span / 2, 2, samples);
    case "Home":
      return panBy(view, -samples, samples);
    case "End":
      return panBy(view, samples, samples);
    default:
      return null;
  }
}
