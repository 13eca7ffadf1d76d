/**
 * The memory that the threads of a training engine share, and that the sparse kernels work in, and buffers beside it for
 * tables that it has no room for. All blocks are planned before any is allocated.
 */
import { NotEnoughMemoryError } from '../../config/machine.ts';
import { MOST_TABLE_BYTES } from '../../contract/limits.ts';
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
  /** Position of the buffer that is the block, which the kernels cannot reach; left out in the memory. */
  readonly buffer?: number;
}

/** Places the blocks of a memory one after another, each at the start of a cache line. */
export class MemoryPlan {
  readonly #maxBytes: number;
  // The kernels treat a pointer of 0 as a null pointer, so no block may start there.
  #bytes = 1024;
  /** Elements of each buffer beside the memory. */
  readonly #buffers: number[] = [];

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Number of bytes of the memory planned so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of bytes planned so far beside the memory. */
  get bytesBeside(): number {
    return 4 * this.#buffers.reduce((sum, length) => sum + length, 0);
  }

  /** Whether the blocks of the memory fit. */
  get fits(): boolean {
    return this.#bytes <= this.#maxBytes;
  }

  /** Plans a block of `length` elements of four bytes. */
  reserve(length: number): Block {
    const offset = this.#bytes;
    this.#bytes += Math.ceil((length * 4) / CACHE_LINE_BYTES) * CACHE_LINE_BYTES;
    return { offset, length };
  }

  /** Plans a block of `length` elements of four bytes beside the memory. */
  reserveBeside(length: number): Block {
    return { offset: 0, length, buffer: this.#buffers.push(length) - 1 };
  }

  /**
   * Allocates the memory and the buffers beside it, all 0, and compiles the kernels.
   * @throws {NotEnoughMemoryError} where the memory or a buffer would be larger than it can be, or the system gives less.
   */
  async build(): Promise<SparseMemory> {
    if (!this.fits)
      throw new NotEnoughMemoryError(
        `parameters and a batch need ${byteText(this.#bytes)} beside the embedding tables, expected at most ${byteText(this.#maxBytes)}: lower training.batch_size or model.hidden_units`,
      );
    const longest = Math.max(0, ...this.#buffers);
    if (4 * longest > MOST_TABLE_BYTES)
      throw new NotEnoughMemoryError(
        `an embedding table needs ${byteText(4 * longest)} with its optimizer's state, expected at most ${byteText(MOST_TABLE_BYTES)}: lower its dimension or size, or choose an optimizer that keeps less (rowwise_adagrad)`,
      );
    return SparseMemory.attach({ ...this.#allocate(), module: await compileKernels() });
  }

  #allocate(): Pick<SharedMemory, 'memory' | 'buffers'> {
    const pages = Math.ceil(this.#bytes / PAGE_BYTES);
    try {
      return {
        memory: new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }),
        buffers: this.#buffers.map((length) => new SharedArrayBuffer(4 * length)),
      };
    } catch (cause) {
      throw new NotEnoughMemoryError(
        `the system does not give ${byteText(this.#bytes + this.bytesBeside)} of memory to embedding tables (ulimit -v tells its limit)`,
        { cause },
      );
    }
  }
}

/** What another thread needs to work in a memory. It can be sent there. */
export interface SharedMemory {
  readonly memory: WebAssembly.Memory;
  readonly buffers: readonly SharedArrayBuffer[];
  /** The compiled kernels. */
  readonly module: WebAssembly.Module;
}

/** The allocated memory with its kernels. */
export class SparseMemory {
  readonly shared: SharedMemory;
  readonly kernels: SparseKernels;

  private constructor(shared: SharedMemory, kernels: SparseKernels) {
    this.shared = shared;
    this.kernels = kernels;
  }

  /** Returns a memory, which another thread may have allocated, with kernels of this thread. */
  static async attach(shared: SharedMemory): Promise<SparseMemory> {
    return new SparseMemory(shared, await kernelsFor(shared.memory, shared.module));
  }

  /** Returns a view of a block as float32, without a copy. */
  floats({ offset, length, buffer }: Block): Float32Array {
    return new Float32Array(this.#bufferOf(buffer), offset, length);
  }

  /** Returns a view of a block as int32, without a copy. */
  ints({ offset, length, buffer }: Block): Int32Array {
    return new Int32Array(this.#bufferOf(buffer), offset, length);
  }

  /** Returns a view of a block as bytes, without a copy. */
  bytes({ offset, length, buffer }: Block): Uint8Array {
    return new Uint8Array(this.#bufferOf(buffer), offset, length * 4);
  }

  #bufferOf(buffer: number | undefined): SharedArrayBuffer {
    return buffer === undefined ? this.shared.memory.buffer : (this.shared.buffers[buffer] as SharedArrayBuffer);
  }
}
