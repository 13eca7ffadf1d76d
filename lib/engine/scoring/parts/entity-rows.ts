/** Finds the distinct rows of an entity's inputs, by a hash table of their bits. */

/** A set of rows of `words` 32-bit words each, numbered from 0 in the order in which they were added. */
export class EntityRows {
  readonly #words: number;
  #count = 0;
  #rows: Int32Array;
  /** 1 + the number of a row, at a place given by its hash or the next free one; 0 where there is none. */
  #places = new Int32Array(1024);

  constructor(words: number) {
    this.#words = words;
    this.#rows = new Int32Array(words * (this.#places.length / 2));
  }

  /** Number of rows. */
  get count(): number {
    return this.#count;
  }

  /** Removes the rows that were added last, so that `count` remain. */
  truncate(count: number): void {
    if (count === 0) this.#places.fill(0);
    else {
      const mask = this.#places.length - 1;
      // No row that remains was placed after one that is removed, so the places of these are simply freed.
      for (let number = this.#count - 1; number >= count; number--) {
        let place = hashOf(this.#rows, number * this.#words, this.#words) & mask;
        while (this.#places[place] !== number + 1) place = (place + 1) & mask;
        this.#places[place] = 0;
      }
    }
    this.#count = count;
  }

  /**
   * Adds rows that are not there yet, and writes the number of each to `numbers`. Returns, for each row that was added,
   * its position among the given ones.
   */
  add(rows: Int32Array, numbers: Int32Array): Int32Array {
    const words = this.#words;
    const count = rows.length / words;
    const added = new Int32Array(count);
    let [total, last] = [0, -1];
    this.#reserve(this.#count + count);
    for (let row = 0; row < count; row++) {
      const at = row * words;
      // Candidates are often listed by user, so that a row is that before it.
      if (last >= 0 && this.#isRow(last, rows, at)) {
        numbers[row] = last;
        continue;
      }
      const before = this.#count;
      last = this.#numberOf(rows, at);
      numbers[row] = last;
      if (last === before) added[total++] = row;
    }
    return added.subarray(0, total);
  }

  #numberOf(rows: Int32Array, at: number): number {
    const mask = this.#places.length - 1;
    let place = hashOf(rows, at, this.#words) & mask;
    for (let entry = this.#places[place] as number; entry !== 0; entry = this.#places[place] as number) {
      if (this.#isRow(entry - 1, rows, at)) return entry - 1;
      place = (place + 1) & mask;
    }
    const number = this.#count;
    for (let i = 0; i < this.#words; i++) this.#rows[number * this.#words + i] = rows[at + i] as number;
    this.#count += 1;
    this.#places[place] = this.#count;
    return number;
  }

  #isRow(number: number, rows: Int32Array, at: number): boolean {
    const [words, own] = [this.#words, this.#rows];
    const from = number * words;
    for (let i = 0; i < words; i++) if (own[from + i] !== rows[at + i]) return false;
    return true;
  }

  /** Makes room for so many rows, of which at most every second place is taken. */
  #reserve(count: number): void {
    if (2 * count <= this.#places.length) return;
    let size = this.#places.length;
    while (size < 2 * count) size *= 2;
    const rows = new Int32Array(this.#words * (size / 2));
    rows.set(this.#rows.subarray(0, this.#count * this.#words));
    this.#rows = rows;
    this.#places = new Int32Array(size);
    for (let number = 0; number < this.#count; number++) {
      let place = hashOf(rows, number * this.#words, this.#words) & (size - 1);
      while (this.#places[place] !== 0) place = (place + 1) & (size - 1);
      this.#places[place] = number + 1;
    }
  }
}

/** Mixes the words of a row, each by the finalizer of MurmurHash3. */
function hashOf(rows: Int32Array, at: number, words: number): number {
  let hash = 0;
  for (let i = 0; i < words; i++) {
    hash = Math.imul(hash ^ (rows[at + i] as number), 0x85ebca6b);
    hash ^= hash >>> 13;
  }
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
