import { shapeMessage } from "./saved-model-proto.ts";
import type { DataType } from "./saved-model-proto.ts";
import type { Done, Frame, Graph, Output } from "./graph.ts";
import { typed } from "./operations.ts";

/** A tensor that stays from run to run, in the memory of the session that the graph is loaded into. */
export class Variable {
  readonly handle: Output;
  readonly shape: readonly number[];
  readonly #type: DataType;
  readonly #readings = new Map<Frame | null, Output>();

  /** @param shape -1 where it may differ from one assignment to the next */
  constructor(graph: Graph, shape: readonly number[], type: DataType = "float32") {
    const attributes = { dtype: typed(type), shape: { shape: shapeMessage(shape) }, shared_name: { s: nameOf(graph) } };
    this.handle = graph.one("VarHandleOp", [], "resource", { attributes });
    this.shape = shape;
    this.#type = type;
  }

  /** Its value, of a loop's round the one at its beginning. */
  read(): Output {
    const { graph } = this.handle;
    const known = this.#readings.get(graph.frame);
    if (known) return known;
    const value = graph.one("ReadVariableOp", [this.handle], this.#type, { attributes: { dtype: typed(this.#type) } });
    this.#readings.set(graph.frame, value);
    return value;
  }

  /** Its rows at these places, without the others being copied. */
  rows(places: Output): Output {
    const attributes = { dtype: typed(this.#type), Tindices: typed(places.type) };
    return this.handle.graph.one("ResourceGather", [this.handle, places], this.#type, { attributes });
  }

  assign(value: Output, after: readonly Done[] = []): Done {
    return this.handle.graph.add("AssignVariableOp", [this.handle, value], [], { attributes: { dtype: typed(this.#type) }, after });
  }

  /**
   * Assigns a copy. A tensor that JavaScript feeds shares its memory; a variable that kept it would write into a
   * typed array, and free it from a thread of TensorFlow's.
   */
  assignCopy(value: Output): Done {
    const { graph } = this.handle;
    return this.assign(graph.one("DeepCopy", [value], this.#type, { attributes: { T: typed(this.#type) } }));
  }

  decrease(by: Output): Done {
    return this.handle.graph.add("AssignSubVariableOp", [this.handle, by], [], { attributes: { dtype: typed(this.#type) } });
  }
}

function nameOf(graph: Graph): Uint8Array {
  return new TextEncoder().encode(graph.reserve("variable"));
}
