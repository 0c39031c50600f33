import protobuf from "protobufjs";

/**
 * The messages of a SavedModel that we write, cut out of TensorFlow's own definitions (tensorflow/core/framework/*.proto,
 * protobuf/meta_graph.proto and saved_model.proto); numbers and names are theirs.
 */
const DEFINITIONS = `
  syntax = "proto3";
  enum DataType { DT_INVALID = 0; DT_FLOAT = 1; DT_INT32 = 3; DT_INT16 = 5; DT_INT64 = 9; DT_BOOL = 10; DT_RESOURCE = 20; }
  message Shape { message Dim { int64 size = 1; } repeated Dim dim = 2; }
  message Tensor { DataType dtype = 1; Shape tensor_shape = 2; bytes tensor_content = 4; }
  message Attribute {
    message List { repeated int64 i = 3 [packed = true]; }
    oneof value { List list = 1; bytes s = 2; int64 i = 3; float f = 4; bool b = 5; DataType type = 6; Shape shape = 7; Tensor tensor = 8; }
  }
  message Node { string name = 1; string op = 2; repeated string input = 3; map<string, Attribute> attr = 5; }
  message Versions { int32 producer = 1; }
  message Graph { repeated Node node = 1; Versions versions = 4; }
  message TensorInfo { string name = 1; DataType dtype = 2; Shape tensor_shape = 3; }
  message Signature { map<string, TensorInfo> inputs = 1; map<string, TensorInfo> outputs = 2; string method_name = 3; }
  message MetaInfo { repeated string tags = 4; }
  message MetaGraph { MetaInfo meta_info_def = 1; Graph graph_def = 2; map<string, Signature> signature_def = 5; }
  message SavedModel { int64 saved_model_schema_version = 1; repeated MetaGraph meta_graphs = 2; }
`;
const savedModel = protobuf.parse(DEFINITIONS).root.lookupType("SavedModel");

/** TensorFlow's numbers of the data types we use. */
export const DATA_TYPES = { float32: 1, int32: 3, int16: 5, int64: 9, bool: 10, resource: 20 } as const;
export type DataType = keyof typeof DATA_TYPES;

export interface ShapeMessage {
  readonly dim: readonly { readonly size: number }[];
}
export type AttributeMessage =
  | { readonly list: { readonly i: readonly number[] } }
  | { readonly s: Uint8Array }
  | { readonly i: number }
  | { readonly f: number }
  | { readonly b: boolean }
  | { readonly type: number }
  | { readonly shape: ShapeMessage }
  | { readonly tensor: { readonly dtype: number; readonly tensorShape: ShapeMessage; readonly tensorContent: Uint8Array } };

export interface NodeMessage {
  readonly name: string;
  readonly op: string;
  /** `node`, `node:output`, or `^node` for one that only has to be done before. */
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, AttributeMessage>>;
}
export interface TensorInfoMessage {
  readonly name: string;
  readonly dtype: number;
  readonly tensorShape: ShapeMessage;
}
export interface SignatureMessage {
  readonly inputs: Readonly<Record<string, TensorInfoMessage>>;
  readonly outputs: Readonly<Record<string, TensorInfoMessage>>;
}

/** -1 stands for a size that is known only when the graph runs. */
export function shapeMessage(shape: readonly number[]): ShapeMessage {
  return { dim: shape.map((size) => ({ size })) };
}

/** Version of the graph format: that of TensorFlow 2.18, read by all later ones. */
const PRODUCER = 1994;

/** The bytes of `saved_model.pb`, with the one tag `serve`. */
export function encodeSavedModel(nodes: readonly NodeMessage[], signatures: Readonly<Record<string, SignatureMessage>>): Uint8Array {
  const signatureDef = Object.fromEntries(
    Object.entries(signatures).map(([name, signature]) => [name, { ...signature, methodName: "tensorflow/serving/predict" }]),
  );
  const graph = { node: nodes, versions: { producer: PRODUCER } };
  const message = { savedModelSchemaVersion: 1, metaGraphs: [{ metaInfoDef: { tags: ["serve"] }, graphDef: graph, signatureDef }] };
  return savedModel.encode(message).finish();
}
