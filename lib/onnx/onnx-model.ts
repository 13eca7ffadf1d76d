/**
 * ONNX models as they are scored: their nodes, and where their tensors are. The values of large tensors stay in the file
 * that has them, because onnxruntime can map them into memory from there. The numbers of fields are those of
 * `onnx.proto`.
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** Where the values of a tensor are, as little-endian bytes. */
export interface TensorPlace {
  /** Name of the file, in the folder of the model. */
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/** A stored tensor: an initializer of the graph. */
export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** Whether its elements are float32. */
  readonly isFloat: boolean;
  /** Its `TensorProto`, without values that are elsewhere. */
  readonly message: Uint8Array;
  /** Its values as little-endian bytes, or where they are; `null` if they are stored in another form. */
  readonly values: Uint8Array | TensorPlace | null;
}

/** One use of an operator. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The attributes that are single integers. */
  readonly integers: Readonly<Record<string, number>>;
  /** Whether an attribute is a graph, which may use any value of the graph around it. */
  readonly hasGraph: boolean;
  /** Its `NodeProto`. */
  readonly message: Uint8Array;
}

/** An input or output of the graph, or a value of a node whose shape is told. */
export interface OnnxPort {
  readonly name: string;
  /** Its `ValueInfoProto`. */
  readonly message: Uint8Array;
}

/** A model whose graph is taken apart. */
export interface OnnxModel {
  /** The fields of its `ModelProto` other than the graph, such as the versions of the operators. */
  readonly header: Uint8Array;
  /** In an order in which each comes after those whose outputs it uses. */
  readonly nodes: readonly OnnxNode[];
  readonly tensors: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  /** Values of nodes whose shapes are told. */
  readonly values: readonly OnnxPort[];
}

/** Numbers of fields. */
export const FIELDS = {
  model: { graph: 7 },
  graph: { node: 1, name: 2, initializer: 5, input: 11, output: 12, value: 13 },
  node: { input: 1, output: 2, op: 4, attribute: 5 },
  attribute: { name: 1, integer: 3, graph: 6, graphs: 11, type: 20 },
  tensor: { dims: 1, type: 2, name: 8, values: 9, externalData: 13, dataLocation: 14 },
  entry: { key: 1, value: 2 },
  port: { name: 1, type: 2 },
} as const;

/** `TensorProto.DataType.FLOAT`, `TensorProto.DataLocation.EXTERNAL` and `AttributeProto.AttributeType.INT`. */
export const FLOAT = 1;
const EXTERNAL = 1;
const INTEGER = 2;

/** Reads a `NodeProto`. */
export function readNode(message: Uint8Array): OnnxNode {
  const [inputs, outputs, integers]: [string[], string[], Record<string, number>] = [[], [], {}];
  let [op, hasGraph] = ['', false];
  eachField(message, (field, reader) => {
    if (field === FIELDS.node.input) inputs.push(reader.string());
    else if (field === FIELDS.node.output) outputs.push(reader.string());
    else if (field === FIELDS.node.op) op = reader.string();
    else if (field === FIELDS.node.attribute) {
      const attribute = readAttribute(reader.bytes());
      if (attribute.integer !== null) integers[attribute.name] = attribute.integer;
      hasGraph ||= attribute.isGraph;
    } else return false;
    return true;
  });
  return { op, inputs, outputs, integers, hasGraph, message };
}

function readAttribute(message: Uint8Array): { name: string; integer: number | null; isGraph: boolean } {
  const attribute: ReturnType<typeof readAttribute> = { name: '', integer: null, isGraph: false };
  eachField(message, (field, reader) => {
    if (field === FIELDS.attribute.name) attribute.name = reader.string();
    else if (field === FIELDS.attribute.integer) attribute.integer = Number(reader.int64());
    else {
      attribute.isGraph ||= field === FIELDS.attribute.graph || field === FIELDS.attribute.graphs;
      return false;
    }
    return true;
  });
  return attribute;
}

/** Reads a `ValueInfoProto`. */
export function readPort(message: Uint8Array): OnnxPort {
  let name = '';
  eachField(message, (field, reader) => {
    if (field !== FIELDS.port.name) return false;
    name = reader.string();
    return true;
  });
  return { name, message };
}

/**
 * Reads a `TensorProto`. With a `place`, the message is without the values, which are there: the tensor then refers to
 * them as external data.
 */
export function readTensor(message: Uint8Array, place: TensorPlace | null): OnnxTensor {
  const [dims, external]: [number[], Record<string, string>] = [[], {}];
  let [name, isFloat] = ['', false];
  let inside: Uint8Array | null = null;
  eachField(message, (field, reader, wireType) => {
    if (field === FIELDS.tensor.dims) {
      const end = wireType === WireType.LengthDelimited ? reader.uint32() + reader.pos : reader.pos + 1;
      while (reader.pos < end) dims.push(Number(reader.int64()));
    } else if (field === FIELDS.tensor.type) isFloat = reader.int32() === FLOAT;
    else if (field === FIELDS.tensor.name) name = reader.string();
    else if (field === FIELDS.tensor.values) inside = reader.bytes();
    else if (field === FIELDS.tensor.externalData) {
      const [key, value] = readEntry(reader.bytes());
      external[key] = value;
    } else return false;
    return true;
  });
  if (place !== null)
    return { name, dims, isFloat, message: Buffer.concat([message, externalFields(place)]), values: place };
  const { location, offset = '0', length } = external;
  const isExternal = location !== undefined && length !== undefined;
  const elsewhere = isExternal ? { file: location, offset: Number(offset), length: Number(length) } : null;
  return { name, dims, isFloat, message, values: elsewhere ?? inside };
}

/** Returns the fields of a `TensorProto` that refer to values in a file. */
function externalFields({ file, offset, length }: TensorPlace): Uint8Array {
  const writer = new BinaryWriter();
  for (const [key, value] of Object.entries({ location: file, offset: String(offset), length: String(length) })) {
    writer.tag(FIELDS.tensor.externalData, WireType.LengthDelimited).fork();
    writer.tag(FIELDS.entry.key, WireType.LengthDelimited).string(key);
    writer.tag(FIELDS.entry.value, WireType.LengthDelimited).string(value).join();
  }
  return writer.tag(FIELDS.tensor.dataLocation, WireType.Varint).int32(EXTERNAL).finish();
}

function readEntry(message: Uint8Array): [key: string, value: string] {
  const entry: [string, string] = ['', ''];
  eachField(message, (field, reader) => {
    entry[field === FIELDS.entry.key ? 0 : 1] = reader.string();
    return true;
  });
  return entry;
}

/** Calls `read` at the value of each field of a message, which is skipped unless `read` returns that it read it. */
function eachField(
  message: Uint8Array,
  read: (field: number, reader: BinaryReader, wireType: WireType) => boolean,
): void {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (!read(field, reader, wireType)) reader.skip(wireType, field);
  }
}

/** Returns a `NodeProto`; attributes are integers. */
export function nodeMessage(
  op: string,
  inputs: readonly string[],
  output: string,
  integers: Readonly<Record<string, number>> = {},
): Uint8Array {
  const writer = new BinaryWriter();
  for (const name of inputs) writer.tag(FIELDS.node.input, WireType.LengthDelimited).string(name);
  writer.tag(FIELDS.node.output, WireType.LengthDelimited).string(output);
  writer.tag(FIELDS.node.op, WireType.LengthDelimited).string(op);
  for (const [name, value] of Object.entries(integers)) {
    writer.tag(FIELDS.node.attribute, WireType.LengthDelimited).fork();
    writer.tag(FIELDS.attribute.name, WireType.LengthDelimited).string(name);
    writer.tag(FIELDS.attribute.integer, WireType.Varint).int64(value);
    writer.tag(FIELDS.attribute.type, WireType.Varint).int32(INTEGER).join();
  }
  return writer.finish();
}

/** Returns the `TensorProto` of a float32 tensor. */
export function floatTensorMessage(name: string, dims: readonly number[], values: Float32Array): Uint8Array {
  const writer = new BinaryWriter();
  for (const dim of dims) writer.tag(FIELDS.tensor.dims, WireType.Varint).int64(dim);
  writer.tag(FIELDS.tensor.type, WireType.Varint).int32(FLOAT);
  writer.tag(FIELDS.tensor.name, WireType.LengthDelimited).string(name);
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return writer.tag(FIELDS.tensor.values, WireType.LengthDelimited).bytes(bytes).finish();
}

/** Returns the `ValueInfoProto` of a float32 value, of `width` columns or, for `null`, of any shape. */
export function floatPortMessage(name: string, width: number | null): Uint8Array {
  const writer = new BinaryWriter().tag(FIELDS.port.name, WireType.LengthDelimited).string(name);
  writer.tag(FIELDS.port.type, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int32(FLOAT);
  if (width !== null) {
    writer.tag(2, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).fork().tag(2, WireType.LengthDelimited).string('batch').join();
    writer.tag(1, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int64(width).join();
    writer.join();
  }
  return writer.join().join().finish();
}
