import { addTrees, settle, type TreeModel } from "../../domain/trees/tree-model.ts";

/**
 * What the trees so far say of some fixed rows, kept up round by round instead of asking every tree again. Adds in the
 * order in which a finished model does, so that both give the same bits.
 */
export class Ballot {
  readonly #values: Float32Array;
  readonly #width: number;
  readonly #family: TreeModel["family"];
  readonly #classes: number;
  readonly #sums: Float64Array;
  #trees = 0;

  /** @param values row-major [rows, width], unscaled */
  constructor(family: TreeModel["family"], values: Float32Array, width: number, base: Float32Array) {
    this.#family = family;
    this.#values = values;
    this.#width = width;
    this.#classes = base.length;
    const rows = width === 0 ? 0 : values.length / width;
    this.#sums = new Float64Array(rows * base.length);
    for (let at = 0; at < this.#sums.length; at += base.length) this.#sums.set(base, at);
  }

  get rows(): number {
    return this.#sums.length / this.#classes;
  }

  add(model: TreeModel): void {
    for (let row = 0; row < this.rows; row += 1) addTrees(model, this.#values, row * this.#width, this.#sums, row * this.#classes);
    this.#trees += model.trees.root.length;
  }

  /** Row-major [rows, classes]. */
  probabilities<Out extends Float32Array | Float64Array>(out: Out): Out {
    const classes = this.#classes;
    for (let at = 0; at < this.#sums.length; at += classes) settle(this.#family, this.#sums, at, classes, this.#trees, out, at);
    return out;
  }
}
