/** Arrays outside of the shared memory, which onnxruntime refuses to read and write. They are kept from step to step. */
export class PrivateArrays {
  readonly #arrays = new Map<string, Float32Array>();

  /** Returns the array of that name, with whatever it holds. */
  array(name: string, length: number): Float32Array {
    const kept = this.#arrays.get(name);
    if (kept !== undefined && kept.length >= length) return kept.subarray(0, length);
    const array = new Float32Array(length);
    this.#arrays.set(name, array);
    return array;
  }

  /** Returns the array of that name, with the values of a shared one. */
  copyOf(name: string, shared: Float32Array): Float32Array {
    const copy = this.array(name, shared.length);
    copy.set(shared);
    return copy;
  }
}
