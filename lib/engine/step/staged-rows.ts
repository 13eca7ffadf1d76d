/**
 * Rows of a table beside the memory of the kernels. They are copied into it, so many at a time, for the kernels to work
 * on, and back if they were changed. Rows are copied as they are, so that no bit depends on where a table is.
 */
import type { StagedBlocks } from '../memory/memory-parts.ts';
import type { SparseMemory } from '../memory/memory-plan.ts';
import type { MemoryTable } from '../memory/memory-table.ts';

/** Where a member of a team works on copies of a table's rows. */
export class StagedRows {
  /** Rows that fit at once. */
  readonly most: number;
  /** Pointer to the copies. */
  readonly rows: number;
  /** Pointer to their ids. */
  readonly ids: number;
  readonly #table: MemoryTable;
  readonly #stored: Float32Array;
  readonly #copies: Float32Array;

  constructor(memory: SparseMemory, { rows, places }: StagedBlocks, table: MemoryTable) {
    this.most = places.length;
    this.rows = rows.offset;
    this.ids = places.offset;
    this.#table = table;
    this.#stored = memory.floats(table.block);
    this.#copies = memory.floats(rows);
  }

  /**
   * Copies the first `floats` of each row that is named, one after the other.
   * @throws {RangeError} if the table has no such row.
   */
  read(ids: Int32Array, floats: number): void {
    const { rows, stride } = this.#table;
    const [stored, copies] = [this.#stored, this.#copies];
    for (let k = 0, at = 0; k < ids.length; k++) {
      const id = ids[k] as number;
      if (id < 0 || id >= rows) throw new RangeError(`id of an embedding: got ${id}, expected one below ${rows}`);
      const from = id * stride;
      for (let i = 0; i < floats; i++) copies[at++] = stored[from + i] as number;
    }
  }

  /** Copies whole rows back that were read. */
  write(ids: Int32Array): void {
    const { stride } = this.#table;
    const [stored, copies] = [this.#stored, this.#copies];
    for (let k = 0, at = 0; k < ids.length; k++) {
      const to = (ids[k] as number) * stride;
      for (let i = 0; i < stride; i++) stored[to + i] = copies[at++] as number;
    }
  }
}

/** Calls `work` for pieces of at most `most` of the numbers from `from` to `to` - 1: with the first, and how many. */
export function inPieces(from: number, to: number, most: number, work: (first: number, count: number) => void): void {
  for (let first = from; first < to; first += most) work(first, Math.min(most, to - first));
}
