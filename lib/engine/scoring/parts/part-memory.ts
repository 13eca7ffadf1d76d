/** The memory in which the entities and the parts of rows are, and the WebAssembly functions that work on them. */
import { readFile } from 'node:fs/promises';

const PAGE_BYTES = 65_536;
const FLOAT_BYTES = 4;
/**
 * By how many bytes the memory grows at least: each time it does, all its views end, and V8 collects garbage. Of these
 * the system provides only what is written to.
 */
const GROWN_BYTES = 128 * 2 ** 20;

/** The functions that `../../assembly/parts.ts` exports. Pointers are byte offsets into the memory. */
interface Kernels {
  addParts(
    rows: number,
    rowsStride: number,
    parts: number,
    column: number,
    bias: number,
    rectified: number,
    n: number,
    width: number,
    out: number,
  ): void;
  addRows(
    columns: number,
    stride: number,
    n: number,
    words: number,
    slots: number,
    mask: number,
    rows: number,
    count: number,
    numbers: number,
    added: number,
  ): number;
  countBelow(limit: number, numbers: number, n: number): number;
  placeRows(count: number, words: number, slots: number, mask: number, rows: number): void;
  removeRows(first: number, count: number, words: number, slots: number, mask: number, rows: number): void;
  partAddresses(numbers: number, n: number, blocks: number, blockBits: number, rowBytes: number, out: number): void;
}

/** Memory that grows. A view is valid until the next block is allocated. */
export class PartMemory {
  readonly kernels: Kernels;
  readonly #memory: WebAssembly.Memory<ArrayBuffer>;
  #end = 0;

  private constructor(memory: WebAssembly.Memory<ArrayBuffer>, kernels: Kernels) {
    this.#memory = memory;
    this.kernels = kernels;
  }

  static async create(): Promise<PartMemory> {
    const memory = new WebAssembly.Memory<ArrayBuffer>({ initial: 1, maximum: 65_536, shared: false });
    const compiled = await WebAssembly.compile(await readFile(new URL('./parts.wasm', import.meta.url)));
    const instance = await WebAssembly.instantiate(compiled, { env: { memory } });
    return new PartMemory(memory, instance.exports as unknown as Kernels);
  }

  /** Allocates a block of float32 or 32-bit words, all 0, and returns its offset in bytes. */
  allocate(words: number): number {
    const offset = this.#end;
    // Blocks begin at a line of the processor's caches.
    this.#end = Math.ceil((offset + words * FLOAT_BYTES) / 64) * 64;
    const missing = this.#end - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(Math.max(missing, GROWN_BYTES) / PAGE_BYTES));
    return offset;
  }

  /** Whether a view is still of this memory. */
  has({ buffer }: Float32Array): boolean {
    return buffer === this.#memory.buffer;
  }

  floats(offset: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, offset, length);
  }

  words(offset: number, length: number): Int32Array {
    return new Int32Array(this.#memory.buffer, offset, length);
  }
}
