/**
 * A file of rows on the scratch disk, for rows that do not fit in memory. It consists of blocks of rows; in a block the
 * columns stand one after the other, each element in four bytes. The file is open only while it is written or read.
 */
import { type FileHandle, open } from 'node:fs/promises';

/** Rows of every block but the last. */
export const BLOCK_ROWS = 8192;

/** Elements of a row by group and name of the column. Columns of the groups `ids` and `groups` are int32, all others float32. */
export type FileLayout<Group extends string> = Readonly<Record<Group, Readonly<Record<string, number>>>>;

/** The values of all columns, by group and name. */
export type FileColumns<Group extends string> = {
  readonly [G in Group]: Readonly<Record<string, G extends 'ids' | 'groups' ? Int32Array : Float32Array>>;
};

const INTEGERS: ReadonlySet<string> = new Set(['ids', 'groups']);

/** Columns of so many rows, all 0. */
export function emptyColumns<Group extends string>(layout: FileLayout<Group>, rows: number): FileColumns<Group> {
  const groups = Object.entries<Readonly<Record<string, number>>>(layout).map(([group, lengths]) => {
    const arrays = Object.entries(lengths).map(([name, length]) => {
      return [name, INTEGERS.has(group) ? new Int32Array(rows * length) : new Float32Array(rows * length)] as const;
    });
    return [group, Object.fromEntries(arrays)] as const;
  });
  return Object.fromEntries(groups) as FileColumns<Group>;
}

/** A column: its group and name, the elements of a row, and its values. */
export interface FileColumn<Group extends string> {
  readonly group: Group;
  readonly name: string;
  readonly length: number;
  readonly values: Int32Array | Float32Array;
}

/** Every column, group by group. */
export function columnsOf<Group extends string>(
  layout: FileLayout<Group>,
  columns: FileColumns<Group>,
): FileColumn<Group>[] {
  return (Object.keys(layout) as Group[]).flatMap((group) =>
    Object.entries<number>(layout[group]).map(([name, length]) => ({
      group,
      name,
      length,
      values: columns[group][name] as Int32Array | Float32Array,
    })),
  );
}

/** Writes the values of rows of a chunk into columns: row `rows[i]` of the chunk becomes row `at + i` there. */
export type FillRows<Group extends string> = (rows: Uint32Array, into: FileColumns<Group>, at: number) => void;

/** Writes a column file; ends with `finish` or `abandon`. */
export class ColumnFileWriter<Group extends string> {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #layout: FileLayout<Group>;
  readonly #block: FileColumns<Group>;
  #filled = 0;
  #rows = 0;

  private constructor(path: string, file: FileHandle, layout: FileLayout<Group>) {
    this.#path = path;
    this.#file = file;
    this.#layout = layout;
    this.#block = emptyColumns(layout, BLOCK_ROWS);
  }

  static async create<Group extends string>(path: string, layout: FileLayout<Group>): Promise<ColumnFileWriter<Group>> {
    return new ColumnFileWriter(path, await open(path, 'w'), layout);
  }

  /** Adds rows of a chunk, which `fill` reads. */
  async append(rows: Uint32Array, fill: FillRows<Group>): Promise<void> {
    for (let from = 0; from < rows.length; ) {
      const fitting = rows.subarray(from, from + BLOCK_ROWS - this.#filled);
      fill(fitting, this.#block, this.#filled);
      from += fitting.length;
      this.#filled += fitting.length;
      if (this.#filled === BLOCK_ROWS) await this.#flush();
    }
  }

  /** Closes the file without finishing it; its rows cannot be read. */
  async abandon(): Promise<void> {
    await this.#file.close();
  }

  /** Writes what is left and closes the file; where that fails it must still be abandoned. */
  async finish(): Promise<ColumnFile<Group>> {
    if (this.#filled > 0) await this.#flush();
    await this.#file.close();
    return new ColumnFile(this.#path, this.#layout, this.#rows);
  }

  async #flush(): Promise<void> {
    for (const { values, length } of columnsOf(this.#layout, this.#block)) {
      // `write` may write less than all.
      await this.#file.writeFile(new Uint8Array(values.buffer, 0, this.#filled * length * 4));
    }
    this.#rows += this.#filled;
    this.#filled = 0;
  }
}

/** A written file. */
export class ColumnFile<Group extends string> {
  readonly rows: number;
  readonly blocks: number;
  readonly layout: FileLayout<Group>;
  readonly #path: string;
  /** Bytes of a row. */
  readonly rowBytes: number;

  constructor(path: string, layout: FileLayout<Group>, rows: number) {
    this.#path = path;
    this.layout = layout;
    this.rows = rows;
    this.blocks = Math.ceil(rows / BLOCK_ROWS);
    this.rowBytes = columnsOf(layout, emptyColumns(layout, 0)).reduce((sum, { length }) => sum + 4 * length, 0);
  }

  /** Rows of a block. */
  blockRows(block: number): number {
    return Math.min(BLOCK_ROWS, this.rows - block * BLOCK_ROWS);
  }

  /** The rows of one list of blocks after the other. */
  async *read(windows: Iterable<readonly number[]>): AsyncGenerator<FileColumns<Group>> {
    const file = await open(this.#path, 'r');
    try {
      for (const blocks of windows) yield await this.#readBlocks(file, blocks);
    } finally {
      await file.close();
    }
  }

  async #readBlocks(file: FileHandle, blocks: readonly number[]): Promise<FileColumns<Group>> {
    const rows = blocks.reduce((sum, block) => sum + this.blockRows(block), 0);
    const columns = emptyColumns(this.layout, rows);
    let at = 0;
    for (const block of blocks) {
      const count = this.blockRows(block);
      let position = block * BLOCK_ROWS * this.rowBytes;
      for (const { name, length, values } of columnsOf(this.layout, columns)) {
        const bytes = new Uint8Array(values.buffer, at * length * 4, count * length * 4);
        const { bytesRead } = await file.read(bytes, 0, bytes.length, position);
        if (bytesRead !== bytes.length)
          throw new Error(
            `the cache of encoded rows is cut short: got ${bytesRead} of ${bytes.length} bytes of ${name}`,
          );
        position += bytes.length;
      }
      at += count;
    }
    return columns;
  }
}
