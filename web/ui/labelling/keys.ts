import type { Annotation } from "../../../lib/domain/api/tasks.ts";

type Classes = Annotation["classes"];

export type Command =
  | { readonly kind: "class"; readonly name: string }
  | { readonly kind: "accept" | "skip" | "undo" | "keys" | "guide" }
  /** Moves the view by windows: -1 is one back. */
  | { readonly kind: "pan"; readonly by: number }
  | { readonly kind: "edge"; readonly edge: "from" | "to"; readonly by: -1 | 1 };

type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey" | "repeat">;

const LETTERS: Readonly<Record<string, "skip" | "undo" | "guide">> = { s: "skip", u: "undo", g: "guide" };
const MOVES: Readonly<Record<string, readonly [plain: Command | null, shifted: Command]>> = {
  ArrowLeft: [
    { kind: "pan", by: -1 },
    { kind: "edge", edge: "to", by: -1 },
  ],
  ArrowRight: [
    { kind: "pan", by: 1 },
    { kind: "edge", edge: "to", by: 1 },
  ],
  ArrowDown: [null, { kind: "edge", edge: "from", by: -1 }],
  ArrowUp: [null, { kind: "edge", edge: "from", by: 1 }],
};

/**
 * What a key means. A class of the spec has its key before a command of the page has, which is then there with Shift.
 * A key that is held down moves on, and answers once only.
 */
export function commandOf({ key, ctrlKey, metaKey, altKey, shiftKey, repeat }: Pressed, classes: Classes): Command | null {
  const letter = key.toLowerCase();
  if (ctrlKey || metaKey || altKey) return letter === "z" && !altKey && !shiftKey && !repeat ? { kind: "undo" } : null;
  const move = MOVES[key];
  if (move) return shiftKey ? move[1] : move[0];
  if (repeat) return null;
  if (key === "Enter") return { kind: "accept" };
  if (key === "?") return { kind: "keys" };
  // On some keyboards digits need Shift.
  const found = shiftKey && /\p{L}/u.test(letter) ? undefined : classes.find((each) => each.key !== "" && each.key === letter);
  if (found) return { kind: "class", name: found.name };
  const command = LETTERS[letter];
  return command ? { kind: command } : null;
}

/** How a command's letter is written: `S`, or `Shift S` where a class of the spec has the letter. */
export function commandKey(letter: string, classes: Classes): string {
  return classes.some(({ key }) => key === letter) ? `Shift ${letter.toUpperCase()}` : letter.toUpperCase();
}

/** Whether a key pressed there is meant for the page: not for a field, a dialog, or a button that has the focus. */
export function isForPage(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof Element)) return true;
  if (target.closest('input, textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"]')) return false;
  return key !== "Enter" || target.closest("button, a, summary") === null;
}
