/** Writes a graph as an ONNX model. */
import { open, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
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
import type { Attribute, Graph, Initializer, Node, Port } from './graph.ts';
import { ONNX_TYPES } from './kernels.ts';

const IR_VERSION = 8n;
const OPSET = 17n;
/** Weights of more bytes than this are written to a file of their own, because a protobuf message is at most 2 GiB. */
const EXTERNAL_BYTES = 1 << 30;

/** Returns a graph as one ONNX protobuf message, weights included. */
export function onnxBytes(graph: Graph): Uint8Array {
  return encode(
    graph,
    graph.initializers.map((initializer) => tensorOf(initializer)),
  );
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
    await writeFile(path, onnxBytes(graph));
    return [path];
  }
  const dataPath = `${path}.data`;
  const file = await open(dataPath, 'w');
  try {
    const tensors = [];
    let offset = 0;
    for (const initializer of graph.initializers) {
      // Small tensors stay in the model itself, because shape inference reads them.
      if (initializer.values.byteLength < 1024) {
        tensors.push(tensorOf(initializer));
        continue;
      }
      await file.write(bytesOf(initializer), 0, initializer.values.byteLength, offset);
      tensors.push(tensorOf(initializer, { location: basename(dataPath), offset }));
      offset += initializer.values.byteLength;
    }
    await writeFile(path, encode(graph, tensors));
  } finally {
    await file.close();
  }
  return [path, dataPath];
}

type TensorMessage = ReturnType<typeof tensorOf>;

function encode(graph: Graph, tensors: readonly TensorMessage[]): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'entirespace',
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: OPSET })],
    graph: create(GraphProtoSchema, {
      name: 'entirespace',
      node: graph.nodes.map(nodeOf),
      initializer: [...tensors],
      input: graph.inputs.map(valueInfoOf),
      output: graph.outputs.map(valueInfoOf),
    }),
  });
  return toBinary(ModelProtoSchema, model);
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
  if (typeof value !== 'number') {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints: value.map(BigInt) });
  }
  return FLOAT_ATTRIBUTES.has(name)
    ? create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: value })
    : create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) });
}

function tensorOf(initializer: Initializer, external?: { location: string; offset: number }) {
  const { name, type, shape, values } = initializer;
  const header = { name, dims: shape.map(BigInt), dataType: ONNX_TYPES[type] };
  if (external === undefined) return create(TensorProtoSchema, { ...header, rawData: bytesOf(initializer) });
  const entries = { location: external.location, offset: String(external.offset), length: String(values.byteLength) };
  return create(TensorProtoSchema, {
    ...header,
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
  });
}

/** Returns the elements as little-endian bytes, which ONNX requires and every machine that runs Node.js uses. */
function bytesOf({ values }: Initializer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
}

function valueInfoOf({ name, type, shape }: Port) {
  const dim = shape.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof size === 'number'
          ? { case: 'dimValue', value: BigInt(size) }
          : { case: 'dimParam', value: size.batch === 1 ? 'batch' : `${size.batch}*batch` },
    }),
  );
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: ONNX_TYPES[type], shape: { dim } } } },
  });
}
