import type { EmbeddedField } from '../../model/embeddings.ts';
import { embeddedKind } from '../../model/kinds/index.ts';
import type { Batch } from '../engine.ts';

/**
 * Writes the coefficient of each id of a field, `length` of them for each row: the combiner's coefficient in a bag,
 * else 1. They are 0 in rows that do not train the field's table, so that an id that occurs only in such rows is not
 * updated.
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
