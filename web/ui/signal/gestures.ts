import { edgeAt, moveEdge, selectBetween, type Edge } from "../../../lib/domain/signal/selection.ts";
import type { SampleRange } from "../../../lib/domain/signal/view.ts";
import { panBy, pinch, wheelFactor, zoomAt } from "../../../lib/domain/signal/zoom.ts";

/** What a gesture may look at and change. Asked anew at each event: between two of them anything may have moved. */
export interface Gestured {
  readonly samples: number;
  view(): SampleRange;
  selection(): SampleRange | null;
  /** Whether a selection may be changed. */
  selectable(): boolean;
  /** The plot's left edge and width, in pixels of the page. */
  plot(): { readonly left: number; readonly width: number };
  show(view: SampleRange): void;
  select(selection: SampleRange): void;
  /** The pointer is over a sample, or has left. */
  hover(sample: number | null): void;
  fitAll(): void;
}

/** How near a pointer must come to an edge to take hold of it, in pixels: a finger is thicker. */
const REACH = { mouse: 6, pen: 10, touch: 18 } as const;
/** A touchpad that counts lines or pages instead of pixels. */
const LINE_PX = 33;

interface Finger {
  x: number;
  readonly sample: number;
}

type Hold = { readonly kind: "edge"; readonly edge: Edge } | { readonly kind: "select"; readonly from: number } | { readonly kind: "pan" };

/** Wheel, mouse, pen and fingers on an element. Answers how to let go of it. */
export function listen(element: HTMLElement, target: Gestured): () => void {
  const fingers = new Map<number, Finger>();
  let hold: Hold | null = null;
  const ends = new AbortController();
  const on = <Type extends keyof HTMLElementEventMap>(type: Type, handle: (event: HTMLElementEventMap[Type]) => void) =>
    element.addEventListener(type, handle, { signal: ends.signal, passive: false });

  const share = (clientX: number) => {
    const { left, width } = target.plot();
    return (clientX - left) / width;
  };
  const sampleAt = (clientX: number, view = target.view()) => view.from + share(clientX) * (view.to - view.from);

  on("wheel", (event) => {
    // With Ctrl the browser would zoom the page; a pinch on a touchpad arrives as just that.
    event.preventDefault();
    const unit = event.deltaMode === 0 ? 1 : LINE_PX;
    const view = target.view();
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
    const delta = (sideways ? event.deltaX || event.deltaY : event.deltaY) * unit;
    if (sideways) target.show(panBy(view, (delta / target.plot().width) * (view.to - view.from), target.samples));
    else target.show(zoomAt(view, sampleAt(event.clientX), wheelFactor(event.ctrlKey ? delta * 5 : delta), target.samples));
  });

  on("pointerdown", (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    const sample = sampleAt(event.clientX);
    fingers.set(event.pointerId, { x: event.clientX, sample });
    if (fingers.size > 1) {
      hold = null;
      const view = target.view();
      for (const [id, { x }] of fingers) fingers.set(id, { x, sample: sampleAt(x, view) });
      return;
    }
    hold = holdAt(event, sample);
    element.dataset["hold"] = hold.kind;
  });

  function holdAt(event: PointerEvent, sample: number): Hold {
    if (!target.selectable()) return { kind: "pan" };
    const selection = target.selection();
    const { left, width } = target.plot();
    const view = target.view();
    const pixel = (at: number) => left + ((at - view.from) / (view.to - view.from)) * width;
    const reach = REACH[event.pointerType as keyof typeof REACH] ?? REACH.mouse;
    const edge = selection && edgeAt(event.clientX, { from: pixel(selection.from), to: pixel(selection.to) }, reach);
    if (edge) return { kind: "edge", edge };
    return event.shiftKey ? { kind: "select", from: sample } : { kind: "pan" };
  }

  on("pointermove", (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger) {
      target.hover(event.pointerType === "touch" ? null : sampleAt(event.clientX));
      return;
    }
    const moved = event.clientX - finger.x;
    finger.x = event.clientX;
    const [one, other] = [...fingers.values()];
    if (one && other) {
      target.show(pinch([one.sample, other.sample], [share(one.x), share(other.x)], target.samples));
      return;
    }
    if (!hold) return;
    const view = target.view();
    const selection = target.selection();
    if (hold.kind === "pan") target.show(panBy(view, (-moved / target.plot().width) * (view.to - view.from), target.samples));
    else if (hold.kind === "select") target.select(selectBetween(hold.from, sampleAt(event.clientX), target.samples));
    else if (selection) target.select(moveEdge(selection, hold.edge, sampleAt(event.clientX), target.samples));
  });

  const release = (event: PointerEvent) => {
    fingers.delete(event.pointerId);
    // The finger that stays pans from where it is.
    hold = fingers.size === 1 ? { kind: "pan" } : null;
    if (!hold) delete element.dataset["hold"];
  };
  on("pointerup", release);
  on("pointercancel", release);
  on("pointerleave", () => target.hover(null));
  on("dblclick", () => target.fitAll());
  return () => ends.abort();
}
