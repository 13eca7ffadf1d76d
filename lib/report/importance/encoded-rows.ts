/** Rows of encoded chunks: some of them, several chunks as one, one input with the values of other rows. */
import type { EncodedChunk } from '../../table/encoded.ts';

type Column = Int32Array | Float32Array;

/** The rows at these indices, copied. */
export function pickEncoded(chunk: EncodedChunk, rows: Uint32Array): EncodedChunk {
  const pick = <T extends Column>(columns: Readonly<Record<string, T>>) =>
    mapColumns(columns, (column) => gather(column, chunk.rows, rows));
  return { rows: rows.length, ids: pick(chunk.ids), weights: pick(chunk.weights), numbers: pick(chunk.numbers) };
}

/** The rows of all chunks, one after the other; they have the same inputs. */
export function joinChunks(chunks: readonly EncodedChunk[]): EncodedChunk {
  const join = <T extends Column>(place: (chunk: EncodedChunk) => Readonly<Record<string, T>>) =>
    mapColumns(chunks[0] === undefined ? {} : place(chunks[0]), (_, name) =>
      concatenate(chunks.map((chunk) => place(chunk)[name] as T)),
    );
  return {
    rows: chunks.reduce((sum, { rows }) => sum + rows, 0),
    ids: join(({ ids }) => ids),
    weights: join(({ weights }) => weights),
    numbers: join(({ numbers }) => numbers),
  };
}

/** Rows of one input that get the values of other rows, from row `at` on. */
export interface Replacement {
  readonly input: string;
  readonly donors: Uint32Array;
  readonly at: number;
}

/**
 * The same rows, but some with the values of one input from the rows of `source`; a bag's weights go with its values.
 * Columns that are not replaced are shared with `chunk`.
 */
export function replaceInputs(
  chunk: EncodedChunk,
  source: EncodedChunk,
  replacements: readonly Replacement[],
): EncodedChunk {
  const replace = <T extends Column>(columns: Readonly<Record<string, T>>, from: Readonly<Record<string, T>>) => {
    const replaced: Record<string, T> = { ...columns };
    for (const { input, donors, at } of replacements) {
      const column = replaced[input];
      if (column === undefined) continue;
      const changed = column === columns[input] ? (column.slice() as T) : column;
      changed.set(gather(from[input] as T, source.rows, donors), (at * column.length) / chunk.rows);
      replaced[input] = changed;
    }
    return replaced;
  };
  return {
    rows: chunk.rows,
    ids: replace(chunk.ids, source.ids),
    weights: replace(chunk.weights, source.weights),
    numbers: replace(chunk.numbers, source.numbers),
  };
}

function mapColumns<T extends Column>(
  columns: Readonly<Record<string, T>>,
  change: (column: T, name: string) => T,
): Record<string, T> {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, change(column, name)]));
}

/** `column` has as many values for each of its `rows` rows. */
function gather<T extends Column>(column: T, rows: number, order: Uint32Array): T {
  const width = rows === 0 ? 0 : column.length / rows;
  const into = emptyLike(column, order.length * width);
  for (let to = 0; to < order.length; to++) {
    const from = order[to] as number;
    for (let i = 0; i < width; i++) into[to * width + i] = column[from * width + i] as T[number];
  }
  return into;
}

function concatenate<T extends Column>(columns: readonly T[]): T {
  const first = columns[0] as T;
  const into = emptyLike(
    first,
    columns.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const column of columns) {
    (into as { set(values: Column, at: number): void }).set(column, at);
    at += column.length;
  }
  return into;
}

function emptyLike<T extends Column>(column: T, length: number): T {
  return (column instanceof Int32Array ? new Int32Array(length) : new Float32Array(length)) as T;
}
