import type { EncodedChunk } from '../../table/encoded.ts';

/** Returns a copy of the rows of a chunk at these indices. */
export function rowsOfChunk({ rows, ids, weights, numbers }: EncodedChunk, indices: Uint32Array): EncodedChunk {
  const pick = <T extends Int32Array | Float32Array>(values: T, into: (length: number) => T): T => {
    const length = values.length / rows;
    const picked = into(indices.length * length);
    for (const [i, row] of indices.entries())
      for (let k = 0; k < length; k++) picked[i * length + k] = values[row * length + k] as number;
    return picked;
  };
  const each = <T extends Int32Array | Float32Array>(columns: Readonly<Record<string, T>>, into: (n: number) => T) =>
    Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, pick(values, into)]));
  return {
    rows: indices.length,
    ids: each(ids, (length) => new Int32Array(length)),
    weights: each(weights, (length) => new Float32Array(length)),
    numbers: each(numbers, (length) => new Float32Array(length)),
  };
}
