/** Finds the distinct rows of an entity's inputs, by a hash table of their bits in the memory of the parts. */
import type { PartMemory } from './part-memory.ts';

/** 32-bit words between the columns, of which the first is read together with a word before it. */
const MARGIN = 16;
const FEWEST_SLOTS = 1024;

/** A set of rows of `words` 32-bit words each, numbered from 0 in the order in which they were added. */
export class EntityRows {
  readonly #memory: PartMemory;
  readonly #words: number;
  /** Where the words of the rows that are added are, a column for each word, and the words from one to the next. */
  readonly #columnsAt: number;
  readonly #stride: number;
  readonly #numbersAt: number;
  readonly #addedAt: number;
  #count = 0;
  /** The hash table, with at least two slots for each row that there is room for. */
  #slots = FEWEST_SLOTS;
  #slotsAt: number;
  #rowsAt: number;

  /** @param mostRows the most rows that are added at once. */
  constructor(memory: PartMemory, words: number, mostRows: number) {
    this.#memory = memory;
    this.#words = words;
    this.#stride = mostRows + MARGIN;
    this.#columnsAt = memory.allocate(MARGIN + words * this.#stride) + 4 * MARGIN;
    this.#numbersAt = memory.allocate(mostRows + MARGIN);
    this.#addedAt = memory.allocate(mostRows);
    this.#slotsAt = memory.allocate(this.#slots);
    this.#rowsAt = memory.allocate(words * (this.#slots / 2));
  }

  /** Number of rows. */
  get count(): number {
    return this.#count;
  }

  /** Where a word of the next rows to add is written; valid until they are added. */
  column(word: number, rows: number): Int32Array {
    return this.#memory.words(this.#columnsAt + 4 * word * this.#stride, rows);
  }

  /**
   * Adds those of the rows in the columns that are not there yet. Returns, for each row that was added, its position
   * among the given ones.
   */
  add(rows: number): Int32Array {
    const before = this.#count;
    this.#reserve(before + rows);
    this.#count = this.#memory.kernels.addRows(
      this.#columnsAt,
      4 * this.#stride,
      rows,
      this.#words,
      this.#slotsAt,
      this.#slots - 1,
      this.#rowsAt,
      before,
      this.#numbersAt,
      this.#addedAt,
    );
    return this.#memory.words(this.#addedAt, this.#count - before).slice();
  }

  /** Where the number of a row that was added last is. */
  numberAt(row: number): number {
    return this.#numbersAt + 4 * row;
  }

  /** Returns how many of the rows that were added last have a number below a limit. */
  countBelow(limit: number, rows: number): number {
    return this.#memory.kernels.countBelow(limit, this.#numbersAt, rows);
  }

  /** Removes the rows that were added last, so that `count` remain. */
  truncate(count: number): void {
    if (count === 0) this.#memory.words(this.#slotsAt, this.#slots).fill(0);
    else this.#memory.kernels.removeRows(count, this.#count, this.#words, this.#slotsAt, this.#slots - 1, this.#rowsAt);
    this.#count = count;
  }

  /** Makes room for so many rows, of which at most every second slot is taken. */
  #reserve(count: number): void {
    if (2 * count <= this.#slots) return;
    while (this.#slots < 2 * count) this.#slots *= 2;
    const kept = this.#memory.words(this.#rowsAt, this.#count * this.#words).slice();
    this.#slotsAt = this.#memory.allocate(this.#slots);
    this.#rowsAt = this.#memory.allocate(this.#words * (this.#slots / 2));
    this.#memory.words(this.#rowsAt, kept.length).set(kept);
    this.#memory.kernels.placeRows(this.#count, this.#words, this.#slotsAt, this.#slots - 1, this.#rowsAt);
  }
}
