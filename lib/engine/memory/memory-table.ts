/**
 * A table in the memory: an embedding table, or a dense parameter as a table of one row. A row holds its weights and
 * then the optimizer's state, so that an update reads and writes contiguous memory.
 */
import type { StateSize } from '../optimizers.ts';
import type { Block, MemoryPlan, SparseMemory } from './memory-plan.ts';
import type { TouchedRows } from './sparse-kernels.ts';

/** The layout and the blocks of a table. */
export interface MemoryTable {
  /** Number of weights of a row. */
  readonly dimension: number;
  /** Number of floats of a row, weights and state. */
  readonly stride: number;
  /** The rows, `stride` floats each. */
  readonly block: Block;
  /** An int32 for each row: 0, or 1 + the position of the row in `distinct`. */
  readonly positions: Block;
  /** The ids of the rows that a step touches. */
  readonly distinct: Block;
  /** The sums of the gradients of those rows, `dimension` floats each. */
  readonly sums: Block;
}

/** What the size of a table in the memory depends on. */
export interface MemoryTableSpec {
  readonly rows: number;
  readonly dimension: number;
  /** State that the optimizer keeps in each row. */
  readonly state: StateSize;
  /** Largest number of distinct rows that one step can touch. */
  readonly touchable: number;
}

/** Plans the blocks of a table. */
export function planTable(plan: MemoryPlan, { rows, dimension, state, touchable }: MemoryTableSpec): MemoryTable {
  const stride = dimension * (1 + state.perWeight) + state.perRow;
  return {
    dimension,
    stride,
    block: plan.reserve(rows * stride),
    positions: plan.reserve(rows),
    distinct: plan.reserve(touchable),
    sums: plan.reserve(touchable * dimension),
  };
}

/** Returns a copy of the weights in row-major order, without the state. */
export function readWeights(memory: SparseMemory, { block, stride, dimension, positions }: MemoryTable): Float32Array {
  const stored = memory.floats(block);
  const values = new Float32Array(positions.length * dimension);
  for (let row = 0; row < positions.length; row++)
    values.set(stored.subarray(row * stride, row * stride + dimension), row * dimension);
  return values;
}

/** Sets the weights, given in row-major order, and leaves the state unchanged. */
export function writeWeights(memory: SparseMemory, table: MemoryTable, values: Float32Array): void {
  const { block, stride, dimension, positions } = table;
  const stored = memory.floats(block);
  for (let row = 0; row < positions.length; row++)
    stored.set(values.subarray(row * dimension, (row + 1) * dimension), row * stride);
}

/** Returns the arguments with which an update kernel updates the first `count` rows of `distinct`. */
export function touchedRows(
  { block, stride, dimension, positions, distinct, sums }: MemoryTable,
  count: number,
): TouchedRows {
  return [block.offset, stride, dimension, positions.offset, distinct.offset, count, sums.offset];
}
