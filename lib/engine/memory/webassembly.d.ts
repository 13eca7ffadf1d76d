/** The part of the WebAssembly API that the engine uses; TypeScript declares it only for browsers. */
declare namespace WebAssembly {
  /** Memory that several threads share, or of one thread, whose buffer ends when it grows. */
  class Memory<Buffer extends ArrayBufferLike = SharedArrayBuffer> {
    constructor(size: { initial: number; maximum: number; shared: Buffer extends SharedArrayBuffer ? true : false });
    readonly buffer: Buffer;
    grow(pages: number): number;
  }
  interface Module {
    readonly exports?: never;
  }
  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>;
  }
  function compile(bytes: Uint8Array): Promise<Module>;
  function instantiate(module: Module, imports: Record<string, Record<string, unknown>>): Promise<Instance>;
}
