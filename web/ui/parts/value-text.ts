import { measureText } from "./number-text.ts";

/** A parameter or a recorded figure of any kind, on one line. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return measureText(value);
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(valueText).join(", ");
  return Object.entries(value)
    .map(
      ([name, inner]) =>
        `${name} ${typeof inner === "object" && inner !== null && !Array.isArray(inner) ? `(${valueText(inner)})` : valueText(inner)}`,
    )
    .join(", ");
}
