export type Scheme = "light" | "dark";

/** Degrees between the hues of neighbours: the golden angle never comes back to where it was. */
const GOLDEN = 137.508;
/** Hues that are told apart by most who do not tell red from green: blue, orange, teal, pink, yellow, violet. */
const SERIES = [255, 55, 185, 350, 95, 300] as const;

/** Colour of the line of a channel, by its place in its lane: at least 3:1 on the surface. */
export function lineColour(place: number, scheme: Scheme): string {
  const hue = SERIES[place % SERIES.length]!;
  const round = Math.floor(place / SERIES.length) % 3;
  const lightness = scheme === "light" ? 0.52 - 0.07 * round : 0.75 + 0.05 * round;
  return `oklch(${lightness.toFixed(2)} 0.14 ${hue})`;
}

/** Colours of a class, by its place in the spec: `soft` is what text stands on, `strong` its edge. */
export function classColour(place: number, scheme: Scheme): { readonly soft: string; readonly strong: string } {
  if (place < 0)
    return scheme === "light"
      ? { soft: "oklch(0.92 0 0)", strong: "oklch(0.6 0 0)" }
      : { soft: "oklch(0.32 0 0)", strong: "oklch(0.65 0 0)" };
  const hue = classHue(place).toFixed(0);
  return scheme === "light"
    ? { soft: `oklch(0.9 0.065 ${hue})`, strong: `oklch(0.58 0.15 ${hue})` }
    : { soft: `oklch(0.36 0.065 ${hue})`, strong: `oklch(0.72 0.13 ${hue})` };
}

export function classHue(place: number): number {
  return (255 + place * GOLDEN) % 360;
}
