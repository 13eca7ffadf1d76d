import type { EmbeddedField } from '../../model/embeddings.ts';
import { embeddedKind } from '../../model/kinds/index.ts';
import type { Batch } from '../engine.ts';

/**
 * Fills in the coefficient of each id of a field, `length` a row: 1, or the combiner's of a bag; and 0 for the rows on
 * which the field's table does not train, so that ids which occur in such rows alone are never touched.
 */
export function fillCoefficients(into: Float32Array, batch: Batch, field: EmbeddedField, length: number): void {
  const { input, trainedOn } = field;
  const values = into.subarray(0, batch.rows * length);
  if (embeddedKind(input).hasCoefficients) values.set(batch.coefficients[input.name] as Float32Array);
  else values.fill(1);
  if (trainedOn === null) return;
  const reached = batch.labels[trainedOn] as Float32Array;
  for (let row = 0; row < batch.rows; row++) if (reached[row] !== 1) values.fill(0, row * length, (row + 1) * length);
}
