/**
 * Arrays by name in one file, as safetensors has them (github.com/huggingface/safetensors): the length of a header as 8
 * bytes, little-endian; the header, JSON with type, shape and place of each array; and the arrays one after the other.
 */
import { open } from 'node:fs/promises';
import * as z from 'zod';
import { byteViews } from '../numbers/bytes.ts';

/** An array with its shape. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | Uint8Array;
}

const MOST_HEADER = 100 * 2 ** 20;
/** Bytes that are read at once: read(2) transfers at most 2 GiB. */
const READ_BYTES = 2 ** 30;
const header = z.record(
  z.string(),
  z.object({
    dtype: z.enum(['F32', 'U8']),
    shape: z.array(z.int().min(0)),
    data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
  }),
);

/** Writes arrays to a new file. */
export async function writeSafetensors(path: string, tensors: readonly NamedTensor[]): Promise<void> {
  let at = 0;
  const entries = tensors.map(({ name, shape, values }) => {
    const from = at;
    at += values.byteLength;
    const dtype = values instanceof Float32Array ? 'F32' : 'U8';
    return [name, { dtype, shape, data_offsets: [from, at] }] as const;
  });
  const text = JSON.stringify(Object.fromEntries(entries));
  // Arrays begin at a multiple of 8 bytes.
  const head = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(head.length), true);
  const file = await open(path, 'wx');
  try {
    await file.writeFile(new Uint8Array(length.buffer));
    await file.writeFile(head);
    for (const { values } of tensors) for (const bytes of byteViews(values)) await file.writeFile(bytes);
  } finally {
    await file.close();
  }
}

/**
 * Reads arrays of a file: those that `wanted` names, with the number of values that it gives.
 * @throws {RangeError} naming the array that is missing, or of another type or size.
 */
export async function readSafetensors(
  path: string,
  wanted: readonly { readonly name: string; readonly size: number; readonly type: 'F32' | 'U8' }[],
): Promise<ReadonlyMap<string, Float32Array | Uint8Array>> {
  const file = await open(path, 'r');
  try {
    const { size: bytes } = await file.stat();
    const length = new DataView(new ArrayBuffer(8));
    const { bytesRead } = await file.read(new Uint8Array(length.buffer), 0, 8, 0);
    const headBytes = bytesRead === 8 ? Number(length.getBigUint64(0, true)) : Number.NaN;
    if (!(headBytes <= Math.min(MOST_HEADER, bytes - 8)))
      throw new RangeError(`${path} is no safetensors file: got ${bytes} bytes without a header of their length`);
    const head = new Uint8Array(headBytes);
    await file.read(head, 0, headBytes, 8);
    const entries = parseHeader(path, head);
    const arrays = new Map<string, Float32Array | Uint8Array>();
    for (const { name, size, type } of wanted) {
      const entry = entries.get(name);
      if (entry === undefined) throw new RangeError(`${path} has no ${name}, expected ${size} values of ${type}`);
      const { dtype, shape, data_offsets: offsets } = entry;
      const values = shape.reduce((a, b) => a * b, 1);
      if (dtype !== type || values !== size)
        throw new RangeError(`${path} ${name}: got ${values} values of ${dtype}, expected ${size} of ${type}`);
      const into = type === 'F32' ? new Float32Array(size) : new Uint8Array(size);
      const [from, to] = offsets;
      if (to - from !== into.byteLength || 8 + headBytes + to > bytes)
        throw new RangeError(
          `${path} ${name}: got bytes ${8 + headBytes + from} to ${8 + headBytes + to}, expected ${into.byteLength} of the file's ${bytes}`,
        );
      let position = 8 + headBytes + from;
      for (const view of byteViews(into, READ_BYTES)) {
        const read = await file.read(view, { position });
        if (read.bytesRead !== view.length) throw new RangeError(`${path} ends within ${name}`);
        position += read.bytesRead;
      }
      arrays.set(name, into);
    }
    return arrays;
  } finally {
    await file.close();
  }
}

function parseHeader(path: string, bytes: Uint8Array) {
  try {
    const { __metadata__: _, ...entries } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    return new Map(Object.entries(header.parse(entries)));
  } catch (cause) {
    throw new RangeError(`${path} is no safetensors file: its header cannot be read`, { cause });
  }
}
