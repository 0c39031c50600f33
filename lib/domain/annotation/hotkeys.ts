import type { AnnotationSpec } from "../spec-annotation.ts";

/** Keys of the page's own commands: guide, skip, undo. */
export const COMMAND_KEYS = ["g", "s", "u"] as const;
const FREE = [..."1234567890abcdefghijklmnopqrstuvwxyz"].filter((key) => !(COMMAND_KEYS as readonly string[]).includes(key));

/**
 * The key of each class, in the spec's order: what the spec says, else digits from 1 on, then letters that no command has.
 * With more classes than keys the last have none (an empty string) and are chosen from the list.
 */
export function hotkeysOf(
  classes: readonly string[],
  hotkeys: AnnotationSpec["hotkeys"] = {},
): { readonly name: string; readonly key: string }[] {
  const taken = new Set(Object.values(hotkeys));
  const free = FREE.filter((key) => !taken.has(key)).values();
  return classes.map((name) => ({ name, key: hotkeys[name] ?? free.next().value ?? "" }));
}
