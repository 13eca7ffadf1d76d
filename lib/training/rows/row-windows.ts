/** Which rows are in memory at once while batches are made of them, and in which order. */
import type { TrainingChoice } from '../../config/declaration.ts';
import { WINDOW_ROWS } from '../../contract/limits.ts';
import { permutation, randomStream } from '../../numbers/random.ts';
import { BLOCK_ROWS } from './column-file.ts';
import { largestPiece, orderByGroup } from './row-order.ts';

/**
 * Blocks that are in memory at once, their rows shuffled among each other: half a million rows. Of rows with hundreds
 * of columns it is as many as fit in `WINDOW_BYTES`, but at least one batch.
 */
const WINDOW_BLOCKS = WINDOW_ROWS / BLOCK_ROWS;
const WINDOW_BYTES = 256 * 2 ** 20;

/** An order of the rows. */
export interface BatchOrder {
  readonly seed: number;
  readonly epoch: number;
  /** Whether each row is shuffled by itself, or with the rows of its group, if the rows have groups. */
  readonly shuffle: TrainingChoice['shuffle'];
  /** Batches to leave out at the beginning. @default 0 */
  readonly skip?: number;
}

/** How many rows there are, and how large. */
export interface RowExtent {
  readonly rows: number;
  /** Bytes of a row with all its columns. */
  readonly rowBytes: number;
}

/** Blocks of rows that are in memory at once. A batch is made of rows of one window. */
export interface RowWindow {
  /** Place of the first of the blocks in the order of all blocks. */
  readonly first: number;
  readonly blocks: readonly number[];
  readonly rows: number;
}

/** The windows in the order in which they are read; in the log's own order without one. */
export function rowWindows(extent: RowExtent, batchSize: number, order?: BatchOrder): RowWindow[] {
  const blocks = Math.ceil(extent.rows / BLOCK_ROWS);
  const windowBlocks = mostWindowRows(extent, batchSize) / BLOCK_ROWS;
  const blockOrder = order
    ? permutation(blocks, randomStream(order.seed, `blocks/${order.epoch}`))
    : Uint32Array.from({ length: blocks }, (_, i) => i);
  return Array.from({ length: Math.ceil(blocks / windowBlocks) }, (_, i) => {
    const first = i * windowBlocks;
    const chosen = [...blockOrder.subarray(first, first + windowBlocks)];
    return { first, blocks: chosen, rows: chosen.reduce((sum, block) => sum + blockRows(extent, block), 0) };
  });
}

/** Rows of a window, at most: whole blocks. */
export function mostWindowRows({ rowBytes }: RowExtent, batchSize: number): number {
  const fitting = Math.floor(WINDOW_BYTES / (BLOCK_ROWS * rowBytes));
  return Math.min(WINDOW_BLOCKS, Math.max(fitting, Math.ceil(batchSize / BLOCK_ROWS))) * BLOCK_ROWS;
}

/** The number of batches of every row once. */
export function batchCount(extent: RowExtent, batchSize: number, order?: BatchOrder): number {
  return rowWindows(extent, batchSize, order).reduce((sum, { rows }) => sum + Math.ceil(rows / batchSize), 0);
}

/** Returns the order of the rows of a window, as their positions there. `groups` are those of its rows, if they have any. */
export function windowOrder(
  { first, rows }: RowWindow,
  groups: Int32Array | undefined,
  { seed, epoch, shuffle }: BatchOrder,
  batchSize: number,
): Uint32Array {
  const random = randomStream(seed, `rows/${epoch}/${first}`);
  return shuffle === 'rows' || groups === undefined
    ? permutation(rows, random)
    : orderByGroup(groups, largestPiece(batchSize), random);
}

/** Returns the positions of the rows of a window among all rows, in the order of its blocks. */
export function windowPositions(extent: RowExtent, { blocks, rows }: RowWindow): Uint32Array {
  const positions = new Uint32Array(rows);
  let at = 0;
  for (const block of blocks)
    for (let row = 0; row < blockRows(extent, block); row++) positions[at++] = block * BLOCK_ROWS + row;
  return positions;
}

function blockRows({ rows }: RowExtent, block: number): number {
  return Math.min(BLOCK_ROWS, rows - block * BLOCK_ROWS);
}
