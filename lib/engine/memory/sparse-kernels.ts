/** The compiled sparse kernels; each is documented in `../assembly/`. Pointers are byte offsets into the memory. */
import { readFile } from 'node:fs/promises';

/** The rows that an update works on: where the table, its slots, the touched ids and their summed gradients lie. */
export type TouchedRows = [
  table: number,
  stride: number,
  dimension: number,
  slot: number,
  distinct: number,
  count: number,
  sums: number,
];

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

/** Compiles the kernels to work in a memory. */
export async function loadKernels(memory: WebAssembly.Memory): Promise<SparseKernels> {
  const abort = () => {
    throw new Error('a sparse kernel gave up');
  };
  const compiled = await WebAssembly.compile(await readFile(new URL('./sparse.wasm', import.meta.url)));
  const instance = await WebAssembly.instantiate(compiled, { env: { memory, abort } });
  return instance.exports as unknown as SparseKernels;
}
