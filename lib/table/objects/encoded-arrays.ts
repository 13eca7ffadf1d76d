/** Arrays of encoded rows. */
import type { EncodedChunk, InputSpec } from '../encoded.ts';

/** Returns zeroed arrays for so many rows of these inputs. */
export function emptyChunk(inputs: readonly InputSpec[], rows: number): EncodedChunk {
  const ids: Record<string, Int32Array> = {};
  const weights: Record<string, Float32Array> = {};
  const numbers: Record<string, Float32Array> = {};
  for (const input of inputs) {
    switch (input.kind) {
      case 'id':
        ids[input.name] = new Int32Array(rows);
        break;
      case 'bag':
      case 'sequence':
        ids[input.name] = new Int32Array(rows * input.length);
        weights[input.name] = new Float32Array(rows * input.length);
        break;
      case 'vector':
        numbers[input.name] = new Float32Array(rows * input.length);
        break;
      case 'number':
      case 'quantile':
        numbers[input.name] = new Float32Array(rows);
        break;
    }
  }
  return { rows, ids, weights, numbers };
}

/** Returns the first rows of arrays. */
export function firstRows({ ids, weights, numbers, ...chunk }: EncodedChunk, rows: number): EncodedChunk {
  if (rows === chunk.rows) return { rows, ids, weights, numbers };
  const cut = <Values extends Int32Array | Float32Array>(arrays: Readonly<Record<string, Values>>) =>
    Object.fromEntries(
      Object.entries(arrays).map(([name, values]) => [
        name,
        values.subarray(0, (values.length / chunk.rows) * rows) as Values,
      ]),
    );
  return { rows, ids: cut(ids), weights: cut(weights), numbers: cut(numbers) };
}

/** Copies a row of an input. */
export function copyInput(
  { name }: InputSpec,
  { from, row }: { readonly from: EncodedChunk; readonly row: number },
  into: EncodedChunk,
  at: number,
): void {
  copy(from.ids[name], from.rows, row, into.ids[name], at);
  copy(from.weights[name], from.rows, row, into.weights[name], at);
  copy(from.numbers[name], from.rows, row, into.numbers[name], at);
}

function copy(
  from: Int32Array | Float32Array | undefined,
  rows: number,
  row: number,
  into: Int32Array | Float32Array | undefined,
  at: number,
): void {
  if (from === undefined || into === undefined) return;
  const width = from.length / rows;
  for (let i = 0; i < width; i++) into[at * width + i] = from[row * width + i] as number;
}
