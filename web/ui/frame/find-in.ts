export interface Findable {
  readonly kind: string;
  readonly name: string;
  readonly note: string;
  readonly href: string;
}

const MOST = 12;

/** Items in which every word of `text` occurs; names that begin with it first, else in the order given. */
export function findIn(items: readonly Findable[], text: string): Findable[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = items.filter(({ kind, name, note }) => {
    const haystack = `${kind} ${name} ${note}`.toLowerCase();
    return words.every((word) => haystack.includes(word));
  });
  const first = words[0];
  if (first === undefined) return matching.slice(0, MOST);
  const begins = ({ name }: Findable) => (name.toLowerCase().startsWith(first) ? 0 : 1);
  return matching.toSorted((left, right) => begins(left) - begins(right)).slice(0, MOST);
}
