import { nearMiss } from "../domain/near-miss.ts";
import type { Spec } from "../domain/spec.ts";

export type LabelReading = { readonly label: string | null } | { readonly unknown: string };

/**
 * From what files say to the spec's classes. Spellings count: only the way a letter is composed in Unicode (NFC) does
 * not, so that nothing is trained on a class that nobody declared; what looks alike is suggested.
 */
export class Vocabulary {
  readonly #labels: ReadonlyMap<string, string | null>;

  constructor(labels: Spec["labels"]) {
    this.#labels = new Map([
      ...labels.classes.map((name): [string, string] => [name.normalize("NFC"), name]),
      ...Object.entries(labels.map).map(([raw, label]): [string, string | null] => [raw.normalize("NFC"), label]),
    ]);
  }

  /** The class, null for no label, or why there is none. */
  read(raw: string): LabelReading {
    const label = this.#labels.get(raw.normalize("NFC"));
    if (label !== undefined) return { label };
    if (raw === "") return { label: null };
    const near = nearMiss(raw.normalize("NFKC"), this.#labels.keys());
    const foreign = [...raw]
      .filter((letter) => letter > "\u007f")
      .map((letter) => `'${letter}' U+${letter.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}`);
    const letters = near && foreign.length > 0 && foreign.length <= 5 ? `; note the letters ${foreign.join(", ")}` : "";
    return { unknown: `'${raw.slice(0, 60)}' is no class and no entry of \`labels.map\`${near ? ` (is '${near}' meant?${letters})` : ""}` };
  }
}
