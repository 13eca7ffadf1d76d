/**
 * Writes columns of numbers, none of them missing, as Parquet: plain, not compressed, for DuckDB to read once. That
 * takes less time than to append them to a table. Specification: https://github.com/apache/parquet-format
 */
import { type FileHandle, open } from 'node:fs/promises';
import { MAGIC } from './file.ts';
import { i32, i64, list, struct, type ThriftValue, text } from './thrift.ts';

/** A column of numbers. */
export interface NumberColumn {
  readonly name: string;
  readonly type: 'FLOAT' | 'DOUBLE';
}

/** The values of a column. */
export type Numbers = Float32Array | Float64Array;

/** Rows of a row group, as DuckDB writes them. */
const GROUP_ROWS = 122_880;
/** Types by their codes in Parquet. */
const TYPES = { FLOAT: 4, DOUBLE: 5 } as const;
const ARRAYS = { FLOAT: Float32Array, DOUBLE: Float64Array } as const;
const [REQUIRED, PLAIN, RLE, UNCOMPRESSED, DATA_PAGE] = [0, 0, 3, 0, 0] as const;

/** A file that rows are appended to. It can be read once it is ended. */
export class NumbersFile {
  readonly #file: FileHandle;
  readonly #columns: readonly NumberColumn[];
  /** The rows that wait to be written, up to a row group. */
  readonly #waiting: readonly Numbers[];
  readonly #groupRows: number;
  readonly #groups: ThriftValue[] = [];
  #filled = 0;
  #rows = 0;
  #bytes = 0;

  private constructor(file: FileHandle, columns: readonly NumberColumn[], groupRows: number) {
    this.#file = file;
    this.#columns = columns;
    this.#groupRows = groupRows;
    this.#waiting = columns.map(({ type }) => new ARRAYS[type](groupRows));
  }

  /** Creates a file. @param mostRows the most rows that come, for which there is room in memory, up to a row group. */
  static async create(path: string, columns: readonly NumberColumn[], mostRows: number): Promise<NumbersFile> {
    const created = new NumbersFile(await open(path, 'wx'), columns, Math.max(1, Math.min(mostRows, GROUP_ROWS)));
    await created.#write(Buffer.from(MAGIC));
    return created;
  }

  /** Appends rows: an array of each column, all of the same length. */
  async append(columns: readonly Numbers[]): Promise<void> {
    const rows = columns[0]?.length ?? 0;
    for (let from = 0; from < rows; ) {
      const count = Math.min(rows - from, this.#groupRows - this.#filled);
      for (const [index, values] of columns.entries())
        this.#waiting[index]?.set(values.subarray(from, from + count), this.#filled);
      this.#filled += count;
      from += count;
      if (this.#filled === this.#groupRows) await this.#writeGroup();
    }
  }

  /** Writes what is left, and the footer. */
  async end(): Promise<void> {
    if (this.#filled > 0) await this.#writeGroup();
    const columns = this.#columns.map(({ name, type }) =>
      struct({ 1: i32(TYPES[type]), 3: i32(REQUIRED), 4: text(name) }),
    );
    const schema = list([struct({ 4: text('rows'), 5: i32(columns.length) }), ...columns]);
    const footer = struct({ 1: i32(1), 2: schema, 3: i64(this.#rows), 4: list(this.#groups) }).bytes;
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.length);
    await this.#write(Buffer.concat([Buffer.from(footer), length, Buffer.from(MAGIC)]));
    await this.close();
  }

  /** Closes the file, whether it is ended or not. */
  close(): Promise<void> {
    return this.#file.close();
  }

  async #writeGroup(): Promise<void> {
    const from = this.#bytes;
    const chunks: ThriftValue[] = [];
    for (const [index, column] of this.#columns.entries()) {
      const { buffer, BYTES_PER_ELEMENT } = this.#waiting[index] as Numbers;
      chunks.push(await this.#writeChunk(column, new Uint8Array(buffer, 0, this.#filled * BYTES_PER_ELEMENT)));
    }
    this.#groups.push(struct({ 1: list(chunks), 2: i64(this.#bytes - from), 3: i64(this.#filled) }));
    this.#rows += this.#filled;
    this.#filled = 0;
  }

  /** Writes a column of a row group, one page, and returns its description. */
  async #writeChunk({ name, type }: NumberColumn, values: Uint8Array): Promise<ThriftValue> {
    const at = i64(this.#bytes);
    const page = struct({ 1: i32(this.#filled), 2: i32(PLAIN), 3: i32(RLE), 4: i32(RLE) });
    const header = struct({ 1: i32(DATA_PAGE), 2: i32(values.length), 3: i32(values.length), 5: page }).bytes;
    await this.#write(Buffer.from(header));
    await this.#write(values);
    const size = i64(header.length + values.length);
    const stored = { 1: i32(TYPES[type]), 2: list([i32(PLAIN)]), 3: list([text(name)]), 4: i32(UNCOMPRESSED) };
    return struct({ 2: at, 3: struct({ ...stored, 5: i64(this.#filled), 6: size, 7: size, 9: at }) });
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await this.#file.appendFile(bytes);
    this.#bytes += bytes.length;
  }
}
