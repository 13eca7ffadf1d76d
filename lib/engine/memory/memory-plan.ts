/**
 * The memory that the threads of a training engine share, and that the sparse kernels work in. All of its blocks are
 * planned before it is allocated.
 */
import { NotEnoughMemoryError } from '../../config/machine.ts';
import { byteText } from '../../numbers/text.ts';
import { compileKernels, kernelsFor, type SparseKernels } from './sparse-kernels.ts';

const PAGE_BYTES = 65_536;
/** Largest size of a memory in bytes, the limit of 32-bit WebAssembly. */
export const MAX_BYTES = 65_536 * PAGE_BYTES;
const CACHE_LINE_BYTES = 64;

/** A block of the memory: byte offset, and length in elements of four bytes. */
export interface Block {
  readonly offset: number;
  readonly length: number;
}

/** Places the blocks of a memory one after another, each at the start of a cache line. */
export class MemoryPlan {
  // The kernels treat a pointer of 0 as a null pointer, so no block may start there.
  #bytes = 1024;

  /** Number of bytes planned so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Plans a block of `length` elements of four bytes. */
  reserve(length: number): Block {
    const offset = this.#bytes;
    this.#bytes += Math.ceil((length * 4) / CACHE_LINE_BYTES) * CACHE_LINE_BYTES;
    return { offset, length };
  }

  /**
   * Allocates the memory, all 0, and compiles the kernels for it.
   * @throws {NotEnoughMemoryError} where the blocks need more than `MAX_BYTES`, or more than the system gives.
   */
  async build(): Promise<SparseMemory> {
    if (this.#bytes > MAX_BYTES) {
      throw new NotEnoughMemoryError(
        `embedding tables, their optimizer's state and a batch need ${byteText(this.#bytes)}, expected at most 4 GiB: lower their dimension or size, or choose an optimizer that keeps less (rowwise_adagrad)`,
      );
    }
    return SparseMemory.attach({ memory: this.#allocate(), module: await compileKernels() });
  }

  #allocate(): WebAssembly.Memory {
    const pages = Math.ceil(this.#bytes / PAGE_BYTES);
    try {
      return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    } catch (cause) {
      throw new NotEnoughMemoryError(
        `the system does not give ${byteText(this.#bytes)} of memory to embedding tables (ulimit -v tells its limit)`,
        { cause },
      );
    }
  }
}

/** What another thread needs to work in a memory. It can be sent there. */
export interface SharedMemory {
  readonly memory: WebAssembly.Memory;
  /** The compiled kernels. */
  readonly module: WebAssembly.Module;
}

/** The allocated memory with its kernels. */
export class SparseMemory {
  readonly shared: SharedMemory;
  readonly kernels: SparseKernels;
  readonly #memory: WebAssembly.Memory;

  private constructor(shared: SharedMemory, kernels: SparseKernels) {
    this.shared = shared;
    this.#memory = shared.memory;
    this.kernels = kernels;
  }

  /** Returns a memory, which another thread may have allocated, with kernels of this thread. */
  static async attach(shared: SharedMemory): Promise<SparseMemory> {
    return new SparseMemory(shared, await kernelsFor(shared.memory, shared.module));
  }

  /** Returns a view of a block as float32, without a copy. */
  floats({ offset, length }: Block): Float32Array {
    return new Float32Array(this.#memory.buffer, offset, length);
  }

  /** Returns a view of a block as int32, without a copy. */
  ints({ offset, length }: Block): Int32Array {
    return new Int32Array(this.#memory.buffer, offset, length);
  }

  /** Returns a view of a block as bytes, without a copy. */
  bytes({ offset, length }: Block): Uint8Array {
    return new Uint8Array(this.#memory.buffer, offset, length * 4);
  }
}
