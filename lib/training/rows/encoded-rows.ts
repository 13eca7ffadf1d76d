/**
 * Encoded rows on the scratch disk, in the form that a scoring model reads: they are encoded once, and scored by several
 * models.
 */
import { encodeSql } from '../../table/encode/encode-sql.ts';
import type { EncodedChunk } from '../../table/encoded.ts';
import type { Encoder } from '../../table/encoder.ts';
import { ColumnFile, type FileLayout, type StoredFile } from './column-file.ts';
import { ColumnFileWriter } from './column-file-writer.ts';

type Group = 'ids' | 'weights' | 'numbers';

/** Encoded rows in the order in which they were written. */
export interface EncodedRows {
  readonly rows: number;
  /** All rows, some thousands at a time. The arrays belong to the receiver. */
  chunks(): AsyncGenerator<EncodedChunk>;
  /** Where the rows are, for another thread to open. */
  stored(): StoredEncodedRows;
}

/** Encoded rows on the scratch disk, as plain data. */
export type StoredEncodedRows = StoredFile<Group>;

/** Opens encoded rows that another thread has written. */
export function openEncodedRows({ path, layout, rows }: StoredEncodedRows): EncodedRows {
  return new EncodedFile(new ColumnFile(path, layout, rows));
}

/** Writes rows of encoded chunks to a file. */
export class EncodedRowsWriter {
  readonly #layout: FileLayout<Group>;
  readonly #file: ColumnFileWriter<Group>;

  private constructor(layout: FileLayout<Group>, file: ColumnFileWriter<Group>) {
    this.#layout = layout;
    this.#file = file;
  }

  static async create(path: string, encoder: Encoder): Promise<EncodedRowsWriter> {
    const layout = layoutOf(encoder);
    return new EncodedRowsWriter(layout, await ColumnFileWriter.create(path, layout));
  }

  /** Adds the rows of a chunk at these indices. */
  append(chunk: EncodedChunk, rows: Uint32Array): Promise<void> {
    const { ids, weights, numbers } = this.#layout;
    return this.#file.append(rows, (some, into, at) => {
      for (const [name, length] of Object.entries(ids))
        copyRows(chunk.ids[name] as Int32Array, length, some, into.ids[name], at);
      for (const [name, length] of Object.entries(weights))
        copyRows(chunk.weights[name] as Float32Array, length, some, into.weights[name], at);
      for (const [name, length] of Object.entries(numbers))
        copyRows(chunk.numbers[name] as Float32Array, length, some, into.numbers[name], at);
    });
  }

  /** Closes the file of rows that will not be used. */
  async abandon(): Promise<void> {
    await this.#file.abandon();
  }

  async finish(): Promise<EncodedRows> {
    return new EncodedFile(await this.#file.finish());
  }
}

class EncodedFile implements EncodedRows {
  readonly #file: ColumnFile<Group>;

  constructor(file: ColumnFile<Group>) {
    this.#file = file;
  }

  get rows(): number {
    return this.#file.rows;
  }

  stored(): StoredEncodedRows {
    return this.#file.stored();
  }

  async *chunks(): AsyncGenerator<EncodedChunk> {
    const blocks = Array.from({ length: this.#file.blocks }, (_, block) => block);
    let block = 0;
    for await (const columns of this.#file.read(blocks.map((one) => [one]))) {
      yield { rows: this.#file.blockRows(block), ...columns };
      block += 1;
    }
  }
}

function layoutOf(encoder: Encoder): FileLayout<Group> {
  const { columns } = encodeSql(encoder);
  const lengths = (group: Group) =>
    Object.fromEntries(columns.filter(({ field }) => field === group).map(({ input, length }) => [input, length ?? 1]));
  return { ids: lengths('ids'), weights: lengths('weights'), numbers: lengths('numbers') };
}

/** Copies `length` elements for each row. */
function copyRows<T extends Int32Array | Float32Array>(
  source: T,
  length: number,
  rows: Uint32Array,
  target: T | undefined,
  at: number,
): void {
  if (target === undefined) return;
  for (let i = 0; i < rows.length; i++) {
    const [from, to] = [(rows[i] as number) * length, (at + i) * length];
    for (let k = 0; k < length; k++) target[to + k] = source[from + k] as number;
  }
}
