import pg from "pg";

const MARK = /^\s*\/\* prepared: ([a-z-]+) \*\//;

/**
 * A connection that plans a statement which begins with `/* prepared: name *\/` once, and from then on only runs it: for
 * the few that are asked thousands of times a second, and whose planning takes longer than their answer. Kysely passes
 * text and values; a name can only stand in the text. The same name must always come with the same text.
 */
export class PreparingClient extends pg.Client {
  override query = ((text: unknown, ...rest: unknown[]) => {
    const name = typeof text === "string" ? MARK.exec(text)?.[1] : undefined;
    const statement = name === undefined ? text : { name, text };
    return (super.query as (...args: unknown[]) => unknown)(statement, ...rest);
  }) as pg.Client["query"];
}
