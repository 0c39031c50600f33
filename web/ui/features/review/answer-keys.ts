import type { Label } from "../../../../lib/domain/api/labels.ts";

/** Classes that were answered, with who said so; the most frequent first, then by the spec's order. */
export interface Opinion {
  readonly class: string;
  readonly by: readonly string[];
}

export function opinionsOf(answers: readonly Pick<Label, "class" | "by" | "stands">[], classes: readonly string[]): Opinion[] {
  const standing = answers.filter((answer): answer is typeof answer & { class: string } => answer.stands && answer.class !== null);
  const place = (name: string) => (classes.includes(name) ? classes.indexOf(name) : classes.length);
  return [...Map.groupBy(standing, (answer) => answer.class)]
    .map(([name, all]) => ({ class: name, by: all.map(({ by }) => by) }))
    .toSorted((one, other) => other.by.length - one.by.length || place(one.class) - place(other.class));
}

/** What a key decides; null for one that decides nothing, or while something is being typed or chosen. */
export function classOfKey(
  event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey"> & { readonly target: EventTarget | null },
  classes: readonly { readonly name: string; readonly key: string }[],
): string | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const target = event.target as Partial<HTMLElement> | null;
  if (target?.isContentEditable === true || ["INPUT", "TEXTAREA", "SELECT"].includes(target?.tagName ?? "")) return null;
  return classes.find(({ key }) => key === event.key.toLowerCase())?.name ?? null;
}
