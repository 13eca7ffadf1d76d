/**
 * Loads the compiled sparse kernels, which are documented in `../assembly/`. Pointers are byte offsets into the memory.
 */
import { readFile } from 'node:fs/promises';

/**
 * The arguments that describe the rows of an update: the table, the touched ids, their summed gradients, and how often
 * they occur.
 */
export type TouchedRows = [
  table: number,
  stride: number,
  width: number,
  dimension: number,
  distinct: number,
  count: number,
  sums: number,
  occurrences: number,
];

/** The functions that `../assembly/index.ts` exports. */
export interface SparseKernels {
  gather(
    table: number,
    stride: number,
    dimension: number,
    ids: number,
    coefficients: number,
    from: number,
    to: number,
    length: number,
    out: number,
    outStride: number,
    step: number,
  ): void;
  scatter(
    ids: number,
    coefficients: number,
    n: number,
    length: number,
    dimension: number,
    gradient: number,
    gradientStride: number,
    step: number,
    member: number,
    members: number,
    shift: number,
    slots: number,
    slotBits: number,
    distinct: number,
    count: number,
    sums: number,
    occurrences: number,
    rowCounts: number,
  ): number;
  flag(flags: number, distinct: number, count: number): void;
  sumMembers(gradients: number, stride: number, members: number, from: number, to: number): void;
  dropout(mask: number, from: number, to: number, key: number, threshold: number, kept: number): void;
  adam(
    ...args: [
      ...rows: TouchedRows,
      l2: number,
      beta1: number,
      beta2: number,
      epsilon: number,
      stepSize: number,
      rootScale: number,
    ]
  ): void;
  adagrad(...args: [...rows: TouchedRows, l2: number, epsilon: number, learningRate: number]): void;
  rowwiseAdagrad(...args: [...rows: TouchedRows, l2: number, epsilon: number, learningRate: number]): void;
  sgd(...args: [...rows: TouchedRows, l2: number, learningRate: number]): void;
  momentum(...args: [...rows: TouchedRows, l2: number, decay: number, learningRate: number]): void;
}

/** Compiles the kernels. Threads share the compiled module. */
export async function compileKernels(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(new URL('./sparse.wasm', import.meta.url)));
}

/** Returns the kernels for a memory. */
export async function kernelsFor(memory: WebAssembly.Memory, module: WebAssembly.Module): Promise<SparseKernels> {
  const abort = () => {
    throw new Error('a sparse kernel aborted');
  };
  const instance = await WebAssembly.instantiate(module, { env: { memory, abort } });
  return instance.exports as unknown as SparseKernels;
}
