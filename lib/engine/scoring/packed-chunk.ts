/** Encoded rows in one buffer, which can be moved to another thread. */
import type { EncodedChunk } from '../../table/encoded.ts';
import { type ColumnInput, columnOf } from './column-inputs.ts';

/** The columns of inputs one after the other, 32-bit words each. */
export interface PackedChunk {
  readonly rows: number;
  readonly buffer: ArrayBuffer;
}

/** Copies the columns of the inputs to a buffer. */
export function packChunk(chunk: EncodedChunk, inputs: readonly ColumnInput[]): PackedChunk {
  const words = inputs.reduce((sum, { length }) => sum + length, 0);
  const buffer = new ArrayBuffer(chunk.rows * words * 4);
  let at = 0;
  for (const input of inputs) {
    const column = columnOf(chunk, input);
    const length = chunk.rows * input.length;
    new Int32Array(buffer, at, length).set(new Int32Array(column.buffer, column.byteOffset, length));
    at += length * 4;
  }
  return { rows: chunk.rows, buffer };
}

/** Returns the chunk whose columns are views of the buffer. */
export function unpackChunk({ rows, buffer }: PackedChunk, inputs: readonly ColumnInput[]): EncodedChunk {
  const chunk = {
    ids: {} as Record<string, Int32Array>,
    weights: {} as Record<string, Float32Array>,
    numbers: {} as Record<string, Float32Array>,
  };
  let at = 0;
  for (const { field, column, length } of inputs) {
    if (field === 'ids') chunk.ids[column] = new Int32Array(buffer, at, rows * length);
    else chunk[field][column] = new Float32Array(buffer, at, rows * length);
    at += rows * length * 4;
  }
  return { rows, ...chunk };
}
