/** The compiled sparse kernels (`assembly/sparse.ts`) and the one memory that they work in. */
import { readFile } from 'node:fs/promises';

const PAGE_BYTES = 65_536;
/** A 32-bit WebAssembly memory ends here. */
const MAX_BYTES = 65_536 * PAGE_BYTES;

/** Pointers are byte offsets into the memory; their meaning is documented in `assembly/sparse.ts`. */
export interface SparseKernels {
  gather(
    table: number,
    stride: number,
    dimension: number,
    ids: number,
    coefficients: number,
    n: number,
    length: number,
    out: number,
    outStride: number,
  ): void;
  scatter(
    ids: number,
    coefficients: number,
    n: number,
    length: number,
    dimension: number,
    gradient: number,
    gradientStride: number,
    slot: number,
    distinct: number,
    count: number,
    sums: number,
  ): number;
  adam(
    table: number,
    stride: number,
    dimension: number,
    slot: number,
    distinct: number,
    count: number,
    sums: number,
    l2: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    stepSize: number,
    rootScale: number,
  ): void;
  adagrad(
    table: number,
    stride: number,
    dimension: number,
    slot: number,
    distinct: number,
    count: number,
    sums: number,
    l2: number,
    epsilon: number,
    learningRate: number,
  ): void;
}

/** A block of the memory, reserved before the memory is made. */
export interface Block {
  readonly offset: number;
  readonly length: number;
}

/** Adds up what the memory must hold. Lengths are in 4-byte elements; every block starts on a cache line. */
export class MemoryPlan {
  #bytes = 1024;

  reserve(length: number): Block {
    const offset = this.#bytes;
    this.#bytes += Math.ceil((length * 4) / 64) * 64;
    return { offset, length };
  }

  /** Makes the memory and the kernels on it. */
  async build(): Promise<SparseMemory> {
    if (this.#bytes > MAX_BYTES) {
      const gibibytes = (this.#bytes / 2 ** 30).toFixed(1);
      throw new RangeError(
        `embedding tables and their optimizer state need ${gibibytes} GiB, at most 4 GiB: lower their dimension or size`,
      );
    }
    const memory = new WebAssembly.Memory({
      initial: Math.ceil(this.#bytes / PAGE_BYTES),
      maximum: MAX_BYTES / PAGE_BYTES,
    });
    const abort = () => {
      throw new Error('a sparse kernel gave up');
    };
    const compiled = await WebAssembly.compile(await readFile(new URL('./sparse.wasm', import.meta.url)));
    const instance = await WebAssembly.instantiate(compiled, { env: { memory, abort } });
    return new SparseMemory(memory, instance.exports as unknown as SparseKernels);
  }
}

/** The memory with its kernels. Views are of the memory itself, without a copy. */
export class SparseMemory {
  readonly kernels: SparseKernels;
  readonly #memory: WebAssembly.Memory;

  constructor(memory: WebAssembly.Memory, kernels: SparseKernels) {
    this.#memory = memory;
    this.kernels = kernels;
  }

  floats({ offset, length }: Block): Float32Array {
    return new Float32Array(this.#memory.buffer, offset, length);
  }

  ints({ offset, length }: Block): Int32Array {
    return new Int32Array(this.#memory.buffer, offset, length);
  }
}
