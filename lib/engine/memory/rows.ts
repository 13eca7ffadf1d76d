/**
 * A dense parameter or an embedding table in the memory. A row holds its weights and then the optimizer's state, so
 * that an update reads and writes one piece of memory; a dense parameter is a table of one row.
 */
import type { StateSize } from '../optimizers.ts';
import type { Block, MemoryPlan, SparseMemory } from './memory-plan.ts';
import type { TouchedRows } from './sparse-kernels.ts';

export interface Rows {
  /** Weights of a row. */
  readonly dimension: number;
  /** Floats of a row, weights and state. */
  readonly stride: number;
  readonly block: Block;
  /** An integer per row: 0, or 1 + the row's place in `distinct`. */
  readonly slot: Block;
  /** The ids of the rows that a step touches, and the sums of their gradients. */
  readonly distinct: Block;
  readonly sums: Block;
}

export interface RowsSpec {
  readonly rows: number;
  readonly dimension: number;
  /** The optimizer's state. */
  readonly state: StateSize;
  /** Different rows that one step can touch, at most. */
  readonly touchable: number;
}

export function planRows(plan: MemoryPlan, { rows, dimension, state, touchable }: RowsSpec): Rows {
  const stride = dimension * (1 + state.perWeight) + state.perRow;
  return {
    dimension,
    stride,
    block: plan.reserve(rows * stride),
    slot: plan.reserve(rows),
    distinct: plan.reserve(touchable),
    sums: plan.reserve(touchable * dimension),
  };
}

/** Copies the weights, row after row, without the state. */
export function readWeights(memory: SparseMemory, { block, stride, dimension, slot }: Rows): Float32Array {
  const stored = memory.floats(block);
  const values = new Float32Array(slot.length * dimension);
  for (let row = 0; row < slot.length; row++)
    values.set(stored.subarray(row * stride, row * stride + dimension), row * dimension);
  return values;
}

/** Sets the weights, and leaves the state as it is. */
export function writeWeights(memory: SparseMemory, rows: Rows, values: Float32Array): void {
  const { block, stride, dimension, slot } = rows;
  const stored = memory.floats(block);
  for (let row = 0; row < slot.length; row++)
    stored.set(values.subarray(row * dimension, (row + 1) * dimension), row * stride);
}

/** What an update kernel is given to update the first `count` rows of `distinct`. */
export function touchedRows({ block, stride, dimension, slot, distinct, sums }: Rows, count: number): TouchedRows {
  return [block.offset, stride, dimension, slot.offset, distinct.offset, count, sums.offset];
}
