import { describe, expect, it } from "vitest";
import { classHue } from "../../../lib/domain/signal/colours.ts";
import { apart, frameOf, inView, joined } from "../../../lib/domain/signal/frame.ts";
import { lanesOf } from "../../../lib/domain/signal/lanes.ts";
import { isMediaOf } from "../../../lib/domain/media.ts";
import { following, mediaSeconds, sampleOfMedia } from "../../../lib/domain/signal/playback.ts";
import { edgeAt, moveEdge, selectBetween } from "../../../lib/domain/signal/selection.ts";
import { thinSpans } from "../../../lib/domain/signal/thin.ts";
import { momentText, timeTicks, valueTicks } from "../../../lib/domain/signal/ticks.ts";
import { overviewStep, piecesOf, stepFor, tilesOf } from "../../../lib/domain/signal/tiles.ts";
import { breaksOf, linesOf, traceOf } from "../../../lib/domain/signal/trace.ts";
import { channelOfSamples, type SignalView } from "../../../lib/domain/signal/view.ts";
import { fit, panBy, pinch, within, zoomAt } from "../../../lib/domain/signal/zoom.ts";

describe("zooming and panning", () => {
  it("keeps what is under the pointer where it is, and never leaves the recording", () => {
    const view = zoomAt({ from: 100, to: 300 }, 150, 0.5, 1_000);
    expect(view).toEqual({ from: 125, to: 225 });
    expect((150 - view.from) / 100).toBe(0.25);
    expect(zoomAt({ from: 0, to: 100 }, 10, 1e9, 1_000)).toEqual(fit(1_000));
    expect(panBy({ from: 100, to: 300 }, -500, 1_000)).toEqual({ from: 0, to: 200 });
    expect(panBy({ from: 100, to: 300 }, 5_000, 1_000)).toEqual({ from: 800, to: 1_000 });
    expect(within({ from: 500, to: 501 }, 1_000)).toEqual({ from: 496.5, to: 504.5 });
  });

  it("with two fingers keeps a sample under each of them", () => {
    const view = pinch([400, 600], [0.25, 0.75], 10_000);
    expect(view.from + 0.25 * (view.to - view.from)).toBeCloseTo(400);
    expect(view.from + 0.75 * (view.to - view.from)).toBeCloseTo(600);
    // Fingers that cross do not turn time around.
    expect(pinch([600, 400], [0.75, 0.25], 10_000)).toEqual(view);
  });
});

describe("a selection", () => {
  it("snaps to samples, stays inside the recording, and its edges never cross", () => {
    expect(moveEdge({ from: 10, to: 20 }, "from", 14.6, 100)).toEqual({ from: 15, to: 20 });
    expect(moveEdge({ from: 10, to: 20 }, "from", 50, 100)).toEqual({ from: 19, to: 20 });
    expect(moveEdge({ from: 10, to: 20 }, "to", -3, 100)).toEqual({ from: 10, to: 11 });
    expect(moveEdge({ from: 10, to: 20 }, "to", 1e9, 100)).toEqual({ from: 10, to: 100 });
    expect(selectBetween(30.2, 20.7, 100)).toEqual({ from: 21, to: 30 });
    expect(selectBetween(500, 600, 100)).toEqual({ from: 99, to: 100 });
  });

  it("is taken hold of at the nearer edge, and, where both are in one place, at the one that can be pulled out", () => {
    expect(edgeAt(14, { from: 10, to: 20 }, 6)).toBe("from");
    expect(edgeAt(16, { from: 10, to: 20 }, 6)).toBe("to");
    expect(edgeAt(30, { from: 10, to: 20 }, 6)).toBeNull();
    expect(edgeAt(8, { from: 10, to: 10 }, 6)).toBe("from");
    expect(edgeAt(12, { from: 10, to: 10 }, 6)).toBe("to");
  });
});

describe("ticks", () => {
  const noClock = { axis: "time", rateHz: 50, startUs: 0 } as const;

  it("stand at round moments with as many digits as tell them apart", () => {
    const texts = (from: number, to: number, pixels = 500) => timeTicks({ from, to }, pixels, noClock).map(({ text }) => text);
    expect(texts(0, 5_000)).toEqual(["0 s", "30 s", "1:00", "1:30"]);
    expect(texts(0, 10)).toEqual(["0.00 s", "0.05 s", "0.10 s", "0.15 s", "0.20 s"]);
    expect(texts(50 * 3_590, 50 * 3_650)).toEqual(["1:00:00", "1:00:15", "1:00:30", "1:00:45"]);
    expect(timeTicks({ from: 0, to: 3 }, 900, { ...noClock, axis: "row" }).map(({ text }) => text)).toEqual(["0", "1", "2", "3"]);
  });

  it("are moments of the clock, in the reader's zone, where there is one", () => {
    // 12:00:07 in UTC: the next round moments are not multiples of the recording's own seconds.
    const clock = { axis: "time", rateHz: 50, startUs: Date.UTC(2026, 0, 1, 12, 0, 7) * 1_000 } as const;
    const ticks = timeTicks({ from: 0, to: 1_500 }, 500, clock);
    expect(ticks.map(({ text }) => text)).toEqual(["12:00:10", "12:00:20", "12:00:30"]);
    expect(ticks[0]!.at).toBeCloseTo(150);
    expect(timeTicks({ from: 0, to: 1_500 }, 500, clock, { zone: "Asia/Tokyo" })[0]!.text).toBe("21:00:10");
    expect(momentText(75, clock)).toBe("12:00:08.50");
  });

  it("of values are round and never endless", () => {
    expect(valueTicks([-1.2, 1.1], 200).map(({ text }) => text)).toEqual(["-1.0", "-0.5", "0.0", "0.5", "1.0"]);
    expect(valueTicks([5, 5 + 1e-12], 150).length).toBeLessThan(1_001);
  });
});

describe("tiles", () => {
  it("have one to two columns a pixel, and the coarser picture stays where the finer one is not there yet", () => {
    const view = { from: 100_000, to: 200_000 };
    const step = stepFor(view, 1_000);
    expect((view.to - view.from) / step / 1_000).toBeGreaterThanOrEqual(1);
    expect((view.to - view.from) / step / 1_000).toBeLessThan(2);
    const samples = 10_000_000;
    const overview = `${overviewStep(samples)}/0`;
    const wanted = tilesOf(view, step, samples);
    const there = new Set([overview, wanted[1]!.key]);
    const pieces = piecesOf(view, step, samples, (key) => there.has(key));
    expect(pieces.map(({ key }) => key)).toEqual([overview, wanted[1]!.key, ...wanted.slice(2).map(() => overview)]);
    // Nothing between them, nothing twice.
    expect(pieces[0]!.from).toBeLessThanOrEqual(view.from);
    for (const [place, piece] of pieces.entries()) if (place > 0) expect(piece.from).toBe(pieces[place - 1]!.to);
    expect(pieces.at(-1)!.to).toBeGreaterThanOrEqual(view.to);
  });
});

describe("a trace", () => {
  const view = (samples: number[], from = 0): SignalView => ({
    from,
    step: 1,
    columns: samples.length,
    channels: [channelOfSamples(Float32Array.from(samples))],
  });
  const piece = (samples: number[], from = 0) => ({ range: { from, to: from + samples.length }, view: view(samples, from) });

  it("keeps a peak of one sample in its column of pixels", () => {
    const samples = Array.from({ length: 1_000 }, (_, at) => (at === 777 ? 50 : 0));
    for (const pixels of [10, 100, 333]) {
      const range = { from: 0, to: 1_000 };
      const { high } = traceOf([piece(samples)], 0, range, pixels, breaksOf([[0, 1_000]], range, pixels));
      expect(high.indexOf(50)).toBe(Math.floor((777 * pixels) / 1_000));
    }
  });

  it("is closed between columns but never across a gap", () => {
    const range = { from: 0, to: 40 };
    const samples = Array.from({ length: 40 }, (_, at) => (at < 20 ? 0 : 10));
    const closed = traceOf([piece(samples)], 0, range, 20, breaksOf([[0, 40]], range, 20));
    expect([closed.high[9], closed.low[10]]).toEqual([5, 5]);
    const broken = traceOf(
      [piece(samples)],
      0,
      range,
      20,
      breaksOf(
        [
          [0, 20],
          [20, 40],
        ],
        range,
        20,
      ),
    );
    expect([broken.high[9], broken.low[10]]).toEqual([0, 10]);
  });

  it("of few samples is lines that end where nothing was measured", () => {
    const lines = linesOf([piece([1, 2, Number.NaN, 4, 5, 6])], 0, { from: 0, to: 6 });
    expect(lines.map((line) => [...line])).toEqual([
      [0, 1, 1, 2],
      [3, 4, 4, 5, 5, 6],
    ]);
    // Pieces that follow each other are one line.
    expect(linesOf([piece([1, 2]), piece([3, 4], 2)], 0, { from: 0, to: 4 })).toHaveLength(1);
  });
});

describe("what is laid out", () => {
  it("gives lanes of one sensor and unit a place, grows where they do not fit, and overlaps nothing", () => {
    const channels = [
      { name: "ax", sensor: "acc", unit: "g" },
      { name: "gx", sensor: "gyro", unit: "rad/s" },
      { name: "ay", sensor: "acc", unit: "g" },
      { name: "steps", sensor: "acc", unit: null },
    ];
    expect(lanesOf(channels, false, new Set(["gx"])).map((lane) => lane.channels)).toEqual([[0, 2], [3]]);
    expect(lanesOf(channels, true, new Set()).map(({ title }) => title)).toEqual(["ax", "gx", "ay", "steps"]);
    for (const lanes of [1, 3, 20]) {
      const frame = frameOf(400, { bands: 2, lanes, strip: true });
      const boxes = [...frame.bands, ...frame.lanes, frame.strip!, frame.axis];
      for (const [place, box] of boxes.entries())
        if (place > 0) expect(box.top).toBeGreaterThanOrEqual(boxes[place - 1]!.top + boxes[place - 1]!.height);
      expect(frame.height).toBeGreaterThanOrEqual(lanes === 20 ? 1_000 : 390);
    }
  });

  it("cuts overlapping predictions where the next begins, and finds those in view", () => {
    const spans = apart([
      { from: 50, to: 150 },
      { from: 0, to: 100 },
      { from: 100, to: 200 },
    ]);
    expect(spans).toEqual([
      { from: 0, to: 50 },
      { from: 50, to: 100 },
      { from: 100, to: 200 },
    ]);
    expect(inView(spans, { from: 50, to: 51 })).toEqual([{ from: 50, to: 100 }]);
  });

  it("joins neighbours of one label for their word, and none across a gap", () => {
    const span = (label: string, from: number) => ({ label, from, to: from + 10 });
    expect(joined([span("a", 0), span("a", 10), span("b", 20), span("b", 40), span("b", 50)])).toEqual([
      { label: "a", from: 0, to: 20 },
      { label: "b", from: 20, to: 30 },
      { label: "b", from: 40, to: 60 },
    ]);
  });

  it("keeps the longest labels where there are too many, and colours that are told apart", () => {
    const spans = Array.from({ length: 10_000 }, (_, at) => ({ label: "x", from: at * 10, to: at * 10 + (at % 100 === 7 ? 9 : 1) }));
    const thin = thinSpans(spans, 100_000, 100);
    expect(thin).toHaveLength(100);
    expect(thin.every(({ from, to }) => to - from === 9)).toBe(true);
    const hues = Array.from({ length: 8 }, (_, place) => classHue(place)).sort((one, other) => one - other);
    for (const [place, hue] of hues.entries()) expect((hues[place + 1] ?? hues[0]! + 360) - hue).toBeGreaterThan(20);
  });
});

describe("playing", () => {
  it("keeps a video that began later in step, and turns the page at its end", () => {
    expect(mediaSeconds(100, 50, 0.5)).toBe(1.5);
    expect(sampleOfMedia(1.5, 50, 0.5)).toBe(100);
    const view = { from: 0, to: 100 };
    expect(following(view, 99, 1_000)).toBe(view);
    expect(following(view, 100, 1_000)).toEqual({ from: 100, to: 200 });
  });

  it("finds a recording's video by its name, with or without folder and ending", () => {
    const match = "^films/(?<recording>.+)\\.mp4$";
    expect(isMediaOf(match, "films/session-1.mp4", "session-1~ab12")).toBe(true);
    expect(isMediaOf(match, "films/session-1.mp4", "raw/session-1.csv~ab12")).toBe(true);
    expect(isMediaOf(match, "films/session-1.mp4", "session-11~ab12")).toBe(false);
    expect(isMediaOf(match, "session-1.mp4", "session-1~ab12")).toBe(false);
  });
});
