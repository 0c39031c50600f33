import { DATA_TYPES, encodeSavedModel, shapeMessage } from "./saved-model-proto.ts";
import type { AttributeMessage, DataType, NodeMessage, SignatureMessage, TensorInfoMessage } from "./saved-model-proto.ts";

/** A node that others can wait for. */
export interface Done {
  readonly node: string;
}

/** One of the tensors that a node gives. */
export interface Output extends Done {
  readonly graph: Graph;
  readonly index: number;
  readonly type: DataType;
  /** The loop that it is computed in; null outside. */
  readonly frame: Frame | null;
  /** The same in every round of its loop. */
  readonly fixed: boolean;
}

interface Node extends Done {
  readonly outputs: readonly Output[];
}

/** A loop's inside: TensorFlow wants to be told what comes in from outside, and when a round begins. */
export interface Frame {
  /** The value of outside, in every round. */
  enter(outside: Output): Output;
  /** Done when a round begins. */
  readonly begun: Done;
}

export interface NodeOptions {
  /** Those without a default in TensorFlow's registry have to be given. */
  readonly attributes?: Readonly<Record<string, AttributeMessage>>;
  /** What has to be done before. */
  readonly after?: readonly Done[];
}

interface Place extends NodeOptions {
  readonly name?: string;
  readonly frame?: Frame | null;
  readonly fixed?: boolean;
}

/** A TensorFlow graph while it is written, in operations of TensorFlow's own registry, and the signatures it can be run by. */
export class Graph {
  readonly #nodes: NodeMessage[] = [];
  readonly #signatures: Record<string, SignatureMessage> = {};
  readonly #used = new Map<string, number>();
  #frame: Frame | null = null;

  /**
   * Adds an operation. Within a loop, what comes from outside is let in, and a node that nothing of the round leads to (a
   * constant, the reading of a variable) waits for the round to begin.
   */
  add(op: string, inputs: readonly Output[], types: readonly DataType[], { attributes, after = [] }: NodeOptions = {}): Node {
    const frame = this.#frame;
    if (!frame) return this.place(op, inputs, types, { attributes, after });
    const wired = inputs.map((input) => (input.frame === frame ? input : frame.enter(input)));
    const waits = wired.every(({ fixed }) => fixed) ? [...after, frame.begun] : after;
    return this.place(op, wired, types, { attributes, after: waits, frame });
  }

  /** As `add`, for the one output of an operation. */
  one(op: string, inputs: readonly Output[], type: DataType, options?: NodeOptions): Output {
    return this.add(op, inputs, [type], options).outputs[0]!;
  }

  /** Adds a node just as it is described: what loops are made of. */
  place(op: string, inputs: readonly Output[], types: readonly DataType[], options: Place = {}): Node {
    const { name = this.reserve(op), attributes = {}, after = [], frame = null, fixed = false } = options;
    const input = [...inputs.map(({ node, index }) => `${node}:${index}`), ...after.map(({ node }) => `^${node}`)];
    this.#nodes.push({ name, op, input, attr: attributes });
    return { node: name, outputs: types.map((type, index) => ({ graph: this, node: name, index, type, frame, fixed })) };
  }

  /** A name for a node that is added later, or for anything else that needs one of its own. */
  reserve(wanted: string): string {
    const count = (this.#used.get(wanted) ?? 0) + 1;
    this.#used.set(wanted, count);
    return `${wanted}_${count}`;
  }

  /** What `body` adds stands within the frame. */
  within<T>(frame: Frame, body: () => T): T {
    const outer = this.#frame;
    this.#frame = frame;
    try {
      return body();
    } finally {
      this.#frame = outer;
    }
  }

  /** The frame that is added to; null outside of loops. */
  get frame(): Frame | null {
    return this.#frame;
  }

  /** A tensor that is fed at each run; -1 in its shape is a size known only then. */
  placeholder(type: DataType, shape: readonly number[]): Output {
    const attributes = { dtype: { type: DATA_TYPES[type] }, shape: { shape: shapeMessage(shape) } };
    return this.one("Placeholder", [], type, { attributes });
  }

  constant(values: Float32Array | Int32Array, shape: readonly number[] = [values.length]): Output {
    const type = values instanceof Float32Array ? "float32" : "int32";
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const tensor = { dtype: DATA_TYPES[type], tensorShape: shapeMessage(shape), tensorContent: bytes };
    return this.one("Const", [], type, { attributes: { dtype: { type: DATA_TYPES[type] }, value: { tensor } } });
  }

  /** A way to run the graph: feeds these placeholders, computes these outputs and what they need, and nothing else. */
  signature(name: string, inputs: Readonly<Record<string, Output>>, outputs: Readonly<Record<string, Output>>): void {
    this.#signatures[name] = { inputs: infosOf(inputs), outputs: infosOf(outputs) };
  }

  /** The bytes of `saved_model.pb`. */
  encode(): Uint8Array {
    return encodeSavedModel(this.#nodes, this.#signatures);
  }
}

/** The shape is left open: it matters to nobody, and tfjs-node wants one to be there. */
function infosOf(outputs: Readonly<Record<string, Output>>): Record<string, TensorInfoMessage> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { node, index, type }]) => [
      name,
      { name: `${node}:${index}`, dtype: DATA_TYPES[type], tensorShape: shapeMessage([]) },
    ]),
  );
}
