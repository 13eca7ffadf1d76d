/**
 * Adam and Adagrad as PyTorch defines them: `SparseAdam` on embedding rows (m and v decay on touched rows only, bias
 * correction by the global step), `Adam` on dense parameters, `Adagrad` on both.
 */
import type { SparseKernels } from './ort/sparse-kernels.ts';

export interface OptimizerChoice {
  readonly type: 'adam' | 'adagrad';
  readonly learningRate: number;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const ADAM_EPSILON = 1e-8;
const ADAGRAD_EPSILON = 1e-10;

/** Floats that the optimizer keeps for each weight. */
export const STATE_FLOATS = { adam: 2, adagrad: 1 } as const;

/** What one update works on: pointers of `SparseKernels.adam`. */
export interface Touched {
  readonly table: number;
  readonly stride: number;
  readonly dimension: number;
  readonly slot: number;
  readonly distinct: number;
  readonly count: number;
  readonly sums: number;
}

/**
 * Updates the touched rows at a global step, counted from 1.
 * @param kind Where the epsilon stands: PyTorch's SparseAdam adds it to sqrt(v), its Adam to sqrt(v / (1 - beta2^step)).
 */
export function updateRows(
  kernels: SparseKernels,
  { type, learningRate }: OptimizerChoice,
  rows: Touched,
  { step, l2, kind }: { readonly step: number; readonly l2: number; readonly kind: 'sparse' | 'dense' },
): void {
  const { table, stride, dimension, slot, distinct, count, sums } = rows;
  if (type === 'adagrad') {
    kernels.adagrad(table, stride, dimension, slot, distinct, count, sums, l2, ADAGRAD_EPSILON, learningRate);
    return;
  }
  const correction1 = 1 - BETA1 ** step;
  const correction2 = Math.sqrt(1 - BETA2 ** step);
  const [stepSize, rootScale] =
    kind === 'sparse' ? [(learningRate * correction2) / correction1, 1] : [learningRate / correction1, 1 / correction2];
  kernels.adam(
    table,
    stride,
    dimension,
    slot,
    distinct,
    count,
    sums,
    l2,
    BETA1,
    BETA2,
    ADAM_EPSILON,
    stepSize,
    rootScale,
  );
}
