import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type TensorProto, TensorProto_DataLocation } from 'onnx-buf';
import { ONNX_TYPES } from './graph.ts';

/** A float32 tensor read from an ONNX file. */
export interface StoredWeights {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Reads the float32 initializers of an ONNX file, by name, including those in external data files beside it. */
export async function readOnnxWeights(path: string): Promise<ReadonlyMap<string, StoredWeights>> {
  const { graph } = fromBinary(ModelProtoSchema, await readFile(path));
  const weights = new Map<string, StoredWeights>();
  const external = new Map<string, Uint8Array>();
  for (const tensor of graph?.initializer ?? []) {
    if (tensor.dataType !== ONNX_TYPES.float32) continue;
    const bytes =
      tensor.dataLocation === TensorProto_DataLocation.EXTERNAL ? await externalBytes(tensor) : tensor.rawData;
    const values = new Float32Array(new Uint8Array(bytes).buffer);
    weights.set(tensor.name, { shape: tensor.dims.map(Number), values });
  }
  return weights;

  async function externalBytes({ externalData }: TensorProto): Promise<Uint8Array> {
    const facts = Object.fromEntries(externalData.map(({ key, value }) => [key, value]));
    const { location = '', offset = '0', length = '0' } = facts;
    const data = external.get(location) ?? (await readFile(join(dirname(path), location)));
    external.set(location, data);
    return data.subarray(Number(offset), Number(offset) + Number(length));
  }
}
