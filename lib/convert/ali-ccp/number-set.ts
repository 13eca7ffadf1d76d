/** Finds numbers that were there before, among many millions. */

const PAGE_NUMBERS = 2 ** 16;

/** A set of whole numbers in pages of bits: 8 KiB for each 65,536 numbers in a row. */
export class NumberSet {
  readonly #pages = new Map<number, Uint8Array>();

  /** Adds a number; `false` if it was there before. */
  add(value: number): boolean {
    const number = Math.floor(value / PAGE_NUMBERS);
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = new Uint8Array(PAGE_NUMBERS / 8);
      this.#pages.set(number, page);
    }
    const bit = value % PAGE_NUMBERS;
    const byte = page[bit >> 3] as number;
    const mask = 1 << (bit & 7);
    page[bit >> 3] = byte | mask;
    return (byte & mask) === 0;
  }
}
