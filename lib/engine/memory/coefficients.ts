import { embeddedKind } from '../../model/kinds/index.ts';
import type { Batch, SharedBatchRows } from '../engine.ts';
import type { FieldBlocks } from './memory-parts.ts';

/**
 * Writes the coefficient of each id of a field, `length` of them for each row: the combiner's coefficient in a bag,
 * else 1. They are 0 in rows that do not train the field's table, so that an id that occurs only in such rows is not
 * updated; a shared row trains it if one of the rows that share it does.
 */
export function fillCoefficients(
  into: Float32Array,
  batch: Batch,
  { field, length, isShared }: Pick<FieldBlocks, 'field' | 'length' | 'isShared'>,
): void {
  const { input, trainedOn } = field;
  const shared = isShared ? batch.shared : undefined;
  const rows = shared?.distinct ?? batch.rows;
  const values = into.subarray(0, rows * length);
  if (embeddedKind(input).hasCoefficients) values.set(batch.coefficients[input.name] as Float32Array);
  else values.fill(1);
  if (trainedOn === null) return;
  const isReached = new Uint8Array(rows);
  for (const [row, label] of (batch.labels[trainedOn] as Float32Array).entries())
    if (label === 1) isReached[shared?.rows[row] ?? row] = 1;
  for (let row = 0; row < rows; row++) if (isReached[row] === 0) values.fill(0, row * length, (row + 1) * length);
}

/** Writes for each shared row the number of rows of the batch that have it and train the field's table. */
export function fillRowCounts(
  into: Float32Array,
  { rows, labels, shared }: Pick<Batch, 'rows' | 'labels' | 'shared'>,
  { trainedOn }: Pick<FieldBlocks['field'], 'trainedOn'>,
): void {
  const { distinct, rows: sharedRows } = shared as SharedBatchRows;
  const label = trainedOn === null ? null : (labels[trainedOn] as Float32Array);
  into.fill(0, 0, distinct);
  for (let row = 0; row < rows; row++)
    if (label === null || label[row] === 1) (into[sharedRows[row] as number] as number) += 1;
}
