/** Encoded rows in one buffer, which another thread can read. */
import type { EncodedChunk } from '../../table/encoded.ts';
import { type ColumnInput, columnOf } from './column-inputs.ts';

/** The columns of inputs, 32-bit words each. */
export interface PackedChunk {
  readonly rows: number;
  readonly buffer: ArrayBufferLike;
  /** Where each input's column begins in the buffer, in bytes. */
  readonly offsets: readonly number[];
}

/** Returns the columns of the inputs in one buffer: the one that they share, or else a copy, which can be moved. */
export function packChunk(chunk: EncodedChunk, inputs: readonly ColumnInput[]): PackedChunk {
  const columns = inputs.map((input) => columnOf(chunk, input));
  const { rows } = chunk;
  const shared = columns[0]?.buffer;
  if (shared instanceof SharedArrayBuffer && columns.every(({ buffer }) => buffer === shared))
    return { rows, buffer: shared, offsets: columns.map(({ byteOffset }) => byteOffset) };
  const words = inputs.reduce((sum, { length }) => sum + length, 0);
  const buffer = new ArrayBuffer(rows * words * 4);
  let at = 0;
  const offsets = inputs.map((input, index) => {
    const from = at;
    const length = rows * input.length;
    const { buffer: source, byteOffset } = columns[index] as Int32Array | Float32Array;
    new Int32Array(buffer, from, length).set(new Int32Array(source, byteOffset, length));
    at += length * 4;
    return from;
  });
  return { rows, buffer, offsets };
}

/** Returns the chunk whose columns are views of the buffer. */
export function unpackChunk({ rows, buffer, offsets }: PackedChunk, inputs: readonly ColumnInput[]): EncodedChunk {
  const chunk = {
    ids: {} as Record<string, Int32Array>,
    weights: {} as Record<string, Float32Array>,
    numbers: {} as Record<string, Float32Array>,
  };
  for (const [index, { field, column, length }] of inputs.entries()) {
    const at = offsets[index] as number;
    if (field === 'ids') chunk.ids[column] = new Int32Array(buffer, at, rows * length);
    else chunk[field][column] = new Float32Array(buffer, at, rows * length);
  }
  return { rows, ...chunk };
}
