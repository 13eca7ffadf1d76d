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
  return columnsIn(layout, new ArrayBuffer(rows * bytesOfRow(layout)), rows);
}

/** The columns of so many rows that stand one after the other in a buffer. */
export function columnsIn<Group extends string>(
  layout: FileLayout<Group>,
  buffer: ArrayBuffer,
  rows: number,
): FileColumns<Group> {
  let at = 0;
  const groups = Object.entries<Readonly<Record<string, number>>>(layout).map(([group, lengths]) => {
    const arrays = Object.entries(lengths).map(([name, length]) => {
      const values = new (INTEGERS.has(group) ? Int32Array : Float32Array)(buffer, at, rows * length);
      at += values.byteLength;
      return [name, values] as const;
    });
    return [group, Object.fromEntries(arrays)] as const;
  });
  return Object.fromEntries(groups) as FileColumns<Group>;
}

/** Bytes of a row. */
export function bytesOfRow<Group extends string>(layout: FileLayout<Group>): number {
  const lengths = Object.values<Readonly<Record<string, number>>>(layout).flatMap((group) => Object.values(group));
  return lengths.reduce((sum, length) => sum + 4 * length, 0);
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

/** A file as plain data, which another thread can open. */
export interface StoredFile<Group extends string> {
  readonly path: string;
  readonly layout: FileLayout<Group>;
  readonly rows: number;
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
    this.rowBytes = bytesOfRow(layout);
  }

  stored(): StoredFile<Group> {
    return { path: this.#path, layout: this.layout, rows: this.rows };
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

  /** Reads each block at once: many small reads would take several times as long. */
  async #readBlocks(file: FileHandle, blocks: readonly number[]): Promise<FileColumns<Group>> {
    const rows = blocks.reduce((sum, block) => sum + this.blockRows(block), 0);
    const columns = emptyColumns(this.layout, rows);
    const targets = columnsOf(this.layout, columns);
    const bytes = new Uint8Array(Math.min(rows, BLOCK_ROWS) * this.rowBytes);
    let at = 0;
    for (const block of blocks) {
      const count = this.blockRows(block);
      const wanted = count * this.rowBytes;
      const { bytesRead } = await file.read(bytes, 0, wanted, block * BLOCK_ROWS * this.rowBytes);
      if (bytesRead !== wanted)
        throw new Error(`the cache of encoded rows is cut short: got ${bytesRead} of ${wanted} bytes of a block`);
      const sources = columnsOf(this.layout, columnsIn(this.layout, bytes.buffer, count));
      for (const [index, { values, length }] of targets.entries())
        values.set((sources[index] as FileColumn<Group>).values, at * length);
      at += count;
    }
    return columns;
  }
}
