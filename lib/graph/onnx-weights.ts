import { open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type TensorProto, TensorProto_DataLocation } from 'onnx-buf';
import { byteViews } from '../numbers/bytes.ts';
import { ONNX_TYPES } from './graph.ts';

/** Bytes that are read at once: read(2) transfers at most 2 GiB. */
const READ_BYTES = 2 ** 30;

/** A float32 tensor read from an ONNX file. */
export interface StoredWeights {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Reads the float32 initializers of an ONNX file, by name, including those in external data files beside it. */
export async function readOnnxWeights(path: string): Promise<ReadonlyMap<string, StoredWeights>> {
  const { graph } = fromBinary(ModelProtoSchema, await readFile(path));
  const weights = new Map<string, StoredWeights>();
  for (const tensor of graph?.initializer ?? []) {
    if (tensor.dataType !== ONNX_TYPES.float32) continue;
    const values =
      tensor.dataLocation === TensorProto_DataLocation.EXTERNAL
        ? await readExternal(tensor, dirname(path))
        : new Float32Array(new Uint8Array(tensor.rawData).buffer);
    weights.set(tensor.name, { shape: tensor.dims.map(Number), values });
  }
  return weights;
}

async function readExternal({ name, externalData }: TensorProto, folder: string): Promise<Float32Array> {
  const {
    location = '',
    offset = '0',
    length = '0',
  } = Object.fromEntries(externalData.map(({ key, value }) => [key, value]));
  const values = new Float32Array(Number(length) / 4);
  const file = await open(join(folder, location));
  try {
    let position = Number(offset);
    for (const bytes of byteViews(values, READ_BYTES)) {
      const { bytesRead } = await file.read(bytes, { position });
      if (bytesRead !== bytes.length) throw new RangeError(`${location}: is cut short within ${name}`);
      position += bytesRead;
    }
  } finally {
    await file.close();
  }
  return values;
}
