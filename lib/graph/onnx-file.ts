/** Writes a graph as an ONNX model. */
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { byteViews } from '../numbers/bytes.ts';
import {
  type Attribute,
  type Dimension,
  type Graph,
  type Initializer,
  type Node,
  ONNX_TYPES,
  openSize,
  type Port,
} from './graph.ts';

const IR_VERSION = 8n;
const OPSET = 17n;
/** Weights of more bytes than this are written to a file of their own, because a protobuf message is at most 2 GiB. */
export const EXTERNAL_BYTES = 1 << 30;

/** Numbers of the fields that `messageParts` writes, in `onnx.proto`. */
const FIELDS = { 'ModelProto.graph': 7, 'GraphProto.initializer': 5, 'TensorProto.raw_data': 9 } as const;

/** Returns a graph as one ONNX protobuf message, weights included. */
export function onnxBytes(graph: Graph): Uint8Array {
  return Buffer.concat(messageParts(graph, graph.initializers, []));
}

/**
 * Writes a graph as an ONNX file. Weights of more than `externalBytes` in total are written beside it, to
 * `<path>.data`, as ONNX external data.
 *
 * @returns the paths of the files written, the model first.
 */
export async function writeOnnx(graph: Graph, path: string, externalBytes = EXTERNAL_BYTES): Promise<string[]> {
  const total = graph.initializers.reduce((sum, { values }) => sum + values.byteLength, 0);
  if (total <= externalBytes) {
    await writeParts(path, messageParts(graph, graph.initializers, []));
    return [path];
  }
  const dataPath = `${path}.data`;
  const file = await open(dataPath, 'w');
  try {
    // Small tensors stay in the model itself, because shape inference reads them.
    const isSmall = ({ values }: Initializer) => values.byteLength < 1024;
    const tensors = [];
    let offset = 0;
    for (const initializer of graph.initializers.filter((one) => !isSmall(one))) {
      for (const bytes of byteViews(initializer.values)) await file.writeFile(bytes);
      tensors.push(externalTensor(initializer, { location: basename(dataPath), offset }));
      offset += initializer.values.byteLength;
    }
    await writeParts(path, messageParts(graph, graph.initializers.filter(isSmall), tensors));
  } finally {
    await file.close();
  }
  return [path, dataPath];
}

async function writeParts(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const part of parts) await file.writeFile(part);
  } finally {
    await file.close();
  }
}

/**
 * Returns the pieces of a model's message, in order. The elements of `inside` are pieces of their own, without a copy:
 * a protobuf library would copy the weights once for each message around them.
 */
function messageParts(
  graph: Graph,
  inside: readonly Initializer[],
  external: readonly TensorMessage[],
): readonly Uint8Array[] {
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'entirespace',
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: OPSET })],
  });
  const graphMessage = create(GraphProtoSchema, {
    name: 'entirespace',
    node: graph.nodes.map(nodeOf),
    initializer: [...external],
    input: graph.inputs.map(valueInfoOf),
    output: graph.outputs.map(valueInfoOf),
    valueInfo: graph.values.map(valueInfoOf),
  });
  const tensors = inside.flatMap((initializer) => {
    const values = bytesOf(initializer);
    const header = toBinary(TensorProtoSchema, create(TensorProtoSchema, headerOf(initializer)));
    const tensor = [header, lengthPrefix('TensorProto.raw_data', values.length), values];
    return [lengthPrefix('GraphProto.initializer', lengthOf(tensor)), ...tensor];
  });
  const parts = [toBinary(GraphProtoSchema, graphMessage), ...tensors];
  return [toBinary(ModelProtoSchema, model), lengthPrefix('ModelProto.graph', lengthOf(parts)), ...parts];
}

/** The bytes before a field of known length: its number with wire type 2, and the length, both as varints. */
function lengthPrefix(field: keyof typeof FIELDS, length: number): Uint8Array {
  return new BinaryWriter().tag(FIELDS[field], WireType.LengthDelimited).uint32(length).finish();
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function nodeOf({ op, inputs, outputs, attributes }: Node) {
  return create(NodeProtoSchema, {
    opType: op,
    name: outputs[0] ?? '',
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
  });
}

/** Attributes that ONNX stores as floats; all other attributes used here are integers. */
const FLOAT_ATTRIBUTES = new Set(['alpha', 'beta', 'gamma']);

function attributeOf(name: string, value: Attribute) {
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRING, s: Buffer.from(value) });
  }
  if (typeof value !== 'number') {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints: value.map(BigInt) });
  }
  return FLOAT_ATTRIBUTES.has(name)
    ? create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: value })
    : create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) });
}

type TensorMessage = ReturnType<typeof externalTensor>;

function externalTensor(initializer: Initializer, { location, offset }: { location: string; offset: number }) {
  const { byteLength } = initializer.values;
  const entries = { location, offset: String(offset), length: String(byteLength) };
  return create(TensorProtoSchema, {
    ...headerOf(initializer),
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
  });
}

/** The fields of a tensor's message besides its elements. */
function headerOf({ name, type, shape }: Initializer) {
  return { name, dims: shape.map(BigInt), dataType: ONNX_TYPES[type] };
}

/** Returns the elements as little-endian bytes, which ONNX requires and every machine that runs Node.js uses. */
function bytesOf({ values }: Initializer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
}

function dimensionOf(dimension: Dimension) {
  const open = openSize(dimension);
  if (open === null) return { case: 'dimValue' as const, value: BigInt(dimension as number) };
  return { case: 'dimParam' as const, value: open.times === 1 ? open.of : `${open.times}*${open.of}` };
}

function valueInfoOf({ name, type, shape }: Port) {
  const dim = shape.map((size) => create(TensorShapeProto_DimensionSchema, { value: dimensionOf(size) }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: ONNX_TYPES[type], shape: { dim } } } },
  });
}
