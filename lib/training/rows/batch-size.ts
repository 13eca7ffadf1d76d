/** The rows of a training step, where none are declared, and whether those declared are many. */
import { count, countOf } from '../../numbers/text.ts';

/** The batch by default of a log that is large enough. */
export const LARGEST_DEFAULT_BATCH = 4096;
const SMALLEST_DEFAULT_BATCH = 16;

/** Part of the training rows that a batch should not exceed: an epoch of fewer steps hardly trains. */
const MOST_OF_ROWS = 1 / 10;

/**
 * Returns the batch size that is declared; by default 4,096 rows, or the largest power of two of at least 16 that is no
 * more than a tenth of the training rows.
 */
export function batchSizeFor(declared: number | null, rows: number): number {
  if (declared !== null) return declared;
  const fitting = 2 ** Math.floor(Math.log2(Math.max(1, rows * MOST_OF_ROWS)));
  return Math.min(LARGEST_DEFAULT_BATCH, Math.max(SMALLEST_DEFAULT_BATCH, fitting));
}

/** Returns the warning about a batch that is declared to be more than a tenth of the training rows; `null` of any other. */
export function largeBatchNote(declared: number | null, rows: number, network: string | null): string | null {
  if (declared === null || declared <= rows * MOST_OF_ROWS) return null;
  const steps = Math.ceil(rows / declared);
  const of = network === null ? 'training rows' : `training rows of ${network}`;
  return `training.batch_size ${count(declared)} is more than a tenth of the ${count(rows)} ${of}: ${countOf(steps, 'step')} an epoch (default: ${count(batchSizeFor(null, rows))})`;
}
