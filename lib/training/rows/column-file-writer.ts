/** Writes a file of rows to the scratch disk. */
import { type FileHandle, open } from 'node:fs/promises';
import {
  BLOCK_ROWS,
  bytesOfRow,
  ColumnFile,
  columnsIn,
  columnsOf,
  type FileColumns,
  type FileLayout,
} from './column-file.ts';

/** Writes the values of rows of a chunk into columns: row `rows[i]` of the chunk becomes row `at + i` there. */
export type FillRows<Group extends string> = (rows: Uint32Array, into: FileColumns<Group>, at: number) => void;

/** A block of rows, as columns and as the bytes that are written. */
interface Block<Group extends string> {
  readonly columns: FileColumns<Group>;
  readonly bytes: Uint8Array;
}

/** Writes a column file; ends with `finish` or `abandon`. While a block is written, the next one is filled. */
export class ColumnFileWriter<Group extends string> {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #layout: FileLayout<Group>;
  #block: Block<Group>;
  #spare: Block<Group>;
  #writing: Promise<void> = Promise.resolve();
  #filled = 0;
  #rows = 0;

  private constructor(path: string, file: FileHandle, layout: FileLayout<Group>) {
    this.#path = path;
    this.#file = file;
    this.#layout = layout;
    this.#block = emptyBlock(layout);
    this.#spare = emptyBlock(layout);
  }

  static async create<Group extends string>(path: string, layout: FileLayout<Group>): Promise<ColumnFileWriter<Group>> {
    return new ColumnFileWriter(path, await open(path, 'w'), layout);
  }

  /** Adds rows of a chunk, which `fill` reads. */
  async append(rows: Uint32Array, fill: FillRows<Group>): Promise<void> {
    for (let from = 0; from < rows.length; ) {
      const fitting = rows.subarray(from, from + BLOCK_ROWS - this.#filled);
      fill(fitting, this.#block.columns, this.#filled);
      from += fitting.length;
      this.#filled += fitting.length;
      if (this.#filled === BLOCK_ROWS) await this.#flush();
    }
  }

  /** Closes the file without finishing it; its rows cannot be read. */
  async abandon(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#file.close();
  }

  /** Writes what is left and closes the file; where that fails it must still be abandoned. */
  async finish(): Promise<ColumnFile<Group>> {
    if (this.#filled > 0) await this.#flush();
    await this.#writing;
    await this.#file.close();
    return new ColumnFile(this.#path, this.#layout, this.#rows);
  }

  /** Begins to write the block, once the one before it is written. */
  async #flush(): Promise<void> {
    await this.#writing;
    const { columns, bytes } = this.#block;
    // `write` may write less than all.
    this.#writing = this.#file.writeFile(this.#filled === BLOCK_ROWS ? bytes : this.#packed(columns));
    // Its error is thrown where it is awaited, which is later than Node.js would wait for that.
    this.#writing.catch(() => undefined);
    [this.#block, this.#spare] = [this.#spare, this.#block];
    this.#rows += this.#filled;
    this.#filled = 0;
  }

  /** The bytes of the rows that are filled, column by column. */
  #packed(columns: FileColumns<Group>): Uint8Array {
    const parts = columnsOf(this.#layout, columns).map(
      ({ values, length }) => new Uint8Array(values.buffer, values.byteOffset, this.#filled * length * 4),
    );
    return Buffer.concat(parts);
  }
}

function emptyBlock<Group extends string>(layout: FileLayout<Group>): Block<Group> {
  const buffer = new ArrayBuffer(BLOCK_ROWS * bytesOfRow(layout));
  return { columns: columnsIn(layout, buffer, BLOCK_ROWS), bytes: new Uint8Array(buffer) };
}
