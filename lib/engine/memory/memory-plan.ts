/** The one WebAssembly memory in which the sparse kernels work: every block is planned before the memory is made. */
import { byteText } from '../../numbers/text.ts';
import { loadKernels, type SparseKernels } from './sparse-kernels.ts';

const PAGE_BYTES = 65_536;
/** Bytes of a memory, at most: a 32-bit WebAssembly memory ends here. */
export const MAX_BYTES = 65_536 * PAGE_BYTES;
const CACHE_LINE_BYTES = 64;

/** A block of the memory: byte offset, and length in elements of four bytes. */
export interface Block {
  readonly offset: number;
  readonly length: number;
}

/** Adds up what the memory must hold. Every block starts on a cache line. */
export class MemoryPlan {
  // A pointer of 0 means "absent" to the kernels, so no block may start there.
  #bytes = 1024;

  /** Bytes planned so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Plans a block of so many elements of four bytes. */
  reserve(length: number): Block {
    const offset = this.#bytes;
    this.#bytes += Math.ceil((length * 4) / CACHE_LINE_BYTES) * CACHE_LINE_BYTES;
    return { offset, length };
  }

  /**
   * Makes the memory, all 0, and the kernels on it.
   * @throws {RangeError} where the blocks do not fit.
   */
  async build(): Promise<SparseMemory> {
    if (this.#bytes > MAX_BYTES) {
      throw new RangeError(
        `embedding tables and their optimizer's state need ${byteText(this.#bytes)}, expected at most 4 GiB: lower their dimension or size, or choose an optimizer that keeps less (rowwise_adagrad)`,
      );
    }
    const memory = new WebAssembly.Memory({
      initial: Math.ceil(this.#bytes / PAGE_BYTES),
      maximum: MAX_BYTES / PAGE_BYTES,
    });
    return new SparseMemory(memory, await loadKernels(memory));
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

  bytes({ offset, length }: Block): Uint8Array {
    return new Uint8Array(this.#memory.buffer, offset, length * 4);
  }
}
