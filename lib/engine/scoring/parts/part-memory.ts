/** The memory in which the parts of rows are, and the WebAssembly function that adds them up. */
import { readFile } from 'node:fs/promises';

const PAGE_BYTES = 65_536;
const FLOAT_BYTES = 4;
/** By how many bytes the memory grows at least: each time it does, all its views end. */
const GROWN_BYTES = 16 * 2 ** 20;

/** The function that `../../assembly/add-parts.ts` exports. Pointers are byte offsets into the memory. */
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
}

/** Memory that grows. A view is valid until the next block is allocated. */
export class PartMemory {
  readonly addParts: Kernels['addParts'];
  readonly #memory: WebAssembly.Memory<ArrayBuffer>;
  #end = 0;

  private constructor(memory: WebAssembly.Memory<ArrayBuffer>, { addParts }: Kernels) {
    this.#memory = memory;
    this.addParts = addParts;
  }

  static async create(): Promise<PartMemory> {
    const memory = new WebAssembly.Memory<ArrayBuffer>({ initial: 1, maximum: 65_536, shared: false });
    const compiled = await WebAssembly.compile(await readFile(new URL('./add-parts.wasm', import.meta.url)));
    const instance = await WebAssembly.instantiate(compiled, { env: { memory } });
    return new PartMemory(memory, instance.exports as unknown as Kernels);
  }

  /** Allocates a block of float32 or 32-bit words, and returns its offset in bytes. */
  allocate(words: number): number {
    const offset = this.#end;
    // Blocks begin at a line of the processor's caches.
    this.#end = Math.ceil((offset + words * FLOAT_BYTES) / 64) * 64;
    const missing = this.#end - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(Math.max(missing, GROWN_BYTES) / PAGE_BYTES));
    return offset;
  }

  floats(offset: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, offset, length);
  }

  words(offset: number, length: number): Uint32Array {
    return new Uint32Array(this.#memory.buffer, offset, length);
  }
}
