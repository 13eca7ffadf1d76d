/**
 * Early stopping that noise does not trigger. An epoch counts against `patience` if its validation loss exceeds that of
 * the best epoch by more than one standard error of the difference: the one-standard-error rule of Breiman, Friedman,
 * Olshen and Stone, Classification and Regression Trees, 1984, applied to paired differences.
 *
 * The difference is taken block by block of neighbouring validation rows, so that its standard error holds for rows that
 * depend on their neighbours, such as those of one user.
 */
import type { EpochRecord, StopReason } from './epoch-record.ts';

/** Epochs without a better one, as a multiple of `patience`, after which training ends although none was clearly worse. */
const PLATEAU = 3;

/** Least number of blocks of the validation rows, where there are as many rows. */
const BLOCKS = 32;

/** What ends a training. */
export interface StopRule {
  /** Most epochs. */
  readonly epochs: number;
  /** Epochs that are worse than the best one before training ends; `null` to run them all. */
  readonly patience: number | null;
}

/** Returns the number of rows of a block of validation rows: a batch, or fewer where there would be too few blocks. */
export function blockRows(rows: number, batchSize: number): number {
  return Math.max(1, Math.min(batchSize, Math.ceil(rows / BLOCKS)));
}

/**
 * Whether a sum over blocks exceeds another one by more than one standard error of the difference. Of a single block no
 * error is known: any excess counts.
 */
export function exceedsNoise(blocks: readonly number[], best: readonly number[]): boolean {
  const differences = blocks.map((value, block) => value - (best[block] as number));
  const count = differences.length;
  const total = differences.reduce((a, b) => a + b, 0);
  if (count < 2) return total > 0;
  const squares = differences.reduce((sum, difference) => sum + (difference - total / count) ** 2, 0);
  return total > Math.sqrt((squares * count) / (count - 1));
}

/** Returns why training ends after these epochs; `null` if it goes on. */
export function stopReason(
  epochs: readonly Pick<EpochRecord, 'epoch' | 'isWorse'>[],
  bestEpoch: number,
  { epochs: most, patience }: StopRule,
): StopReason | null {
  const since = epochs.filter(({ epoch }) => epoch > bestEpoch);
  if (patience !== null && epochs.length > 0) {
    if (since.filter(({ isWorse }) => isWorse).length >= patience) return 'patience';
    if (since.length >= PLATEAU * patience) return 'plateau';
  }
  return epochs.length >= most ? 'epochs' : null;
}
