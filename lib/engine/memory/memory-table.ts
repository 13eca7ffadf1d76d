/**
 * Weights in the memory, with the optimizer's state: embedding tables, whose rows hold their weights and then the state,
 * so that an update reads and writes contiguous memory; and dense parameters, which are tables of one row.
 */
import type { StateSize } from '../optimizers.ts';
import type { Block, MemoryPlan, SparseMemory } from './memory-plan.ts';

/** The layout of weights. */
export interface MemoryTable {
  readonly rows: number;
  /** Number of weights of a row. */
  readonly dimension: number;
  /** Number of floats of a row, weights and state. */
  readonly stride: number;
  /** The rows, `stride` floats each. */
  readonly block: Block;
}

/** What the size of weights in the memory depends on. */
export interface MemoryTableSpec {
  readonly rows: number;
  readonly dimension: number;
  /** State that the optimizer keeps in each row. */
  readonly state: StateSize;
  /**
   * Whether the rows are beside the memory of the kernels.
   * @default false
   */
  readonly isBeside?: boolean;
}

/** Plans the block of a table. */
export function planTable(plan: MemoryPlan, { rows, dimension, state, isBeside }: MemoryTableSpec): MemoryTable {
  const stride = dimension * (1 + state.perWeight) + state.perRow;
  const block = isBeside ? plan.reserveBeside(rows * stride) : plan.reserve(rows * stride);
  return { rows, dimension, stride, block };
}

/** Copies the weights in row-major order, without the state, and returns the copy. */
export function readWeights(
  memory: SparseMemory,
  { block, stride, dimension, rows }: MemoryTable,
  values: Float32Array = new Float32Array(rows * dimension),
): Float32Array {
  const stored = memory.floats(block);
  for (let row = 0, at = 0; row < rows; row++)
    for (let k = 0; k < dimension; k++) values[at++] = stored[row * stride + k] as number;
  return values;
}

/** Sets the weights, given in row-major order, and leaves the state unchanged. */
export function writeWeights(memory: SparseMemory, table: MemoryTable, values: Float32Array): void {
  const { block, stride, dimension, rows } = table;
  const stored = memory.floats(block);
  for (let row = 0, at = 0; row < rows; row++)
    for (let k = 0; k < dimension; k++) stored[row * stride + k] = values[at++] as number;
}
