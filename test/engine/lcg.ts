/** The linear congruential generator of the Python scripts in `reference/`, with the same numbers. */
export class Lcg {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** Returns the next 32-bit state. */
  next(): number {
    this.#state = (Math.imul(1664525, this.#state) + 1013904223) >>> 0;
    return this.#state;
  }

  /** Returns a multiple of 2^-16 in [-1, 1), which is exact in float32. */
  value(): number {
    return (this.next() >>> 15) / 2 ** 16 - 1;
  }

  /** Returns the next `length` values. */
  values(length: number): Float32Array {
    return Float32Array.from({ length }, () => this.value());
  }
}
