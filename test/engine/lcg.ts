/** The generator of the Python scripts in `reference/`. */
export class Lcg {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  next(): number {
    this.#state = (Math.imul(1664525, this.#state) + 1013904223) >>> 0;
    return this.#state;
  }

  /** A multiple of 2^-16 in [-1, 1): exact in float32. */
  value(): number {
    return (this.next() >>> 15) / 2 ** 16 - 1;
  }

  values(length: number): Float32Array {
    return Float32Array.from({ length }, () => this.value());
  }
}
