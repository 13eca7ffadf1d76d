/** A number that is embedded by its interval between quantiles of the training rows. */
import * as tf from '@tensorflow/tfjs-core';
import type { QuantileInput } from '../../table/encoded.ts';
import type { EmbeddedKind } from './input-kind.ts';

/** Quantiles. A training batch holds the id of the interval, the scoring graph computes it from the number. */
export const quantile: EmbeddedKind<QuantileInput> = {
  hasCoefficients: false,
  idsPerRow: () => 1,
  isPooled: true,
  graphInputs: ({ name }) => [{ name, shape: ['batch'], type: 'float32' }],
  writeRows(input, { numbers }, rows, into, at) {
    const [source, target] = [numbers[input.name] as Float32Array, into.ids[input.name] as Int32Array];
    for (let i = 0; i < rows.length; i++) target[at + i] = quantileId(input, source[rows[i] as number] as number);
  },
  embed: (input, table, encoded) => tf.gather(table, quantileIds(input, encoded[input.name] as tf.Tensor)),
};

/**
 * Returns the table row of a number: 0 where it is missing (NaN), else 1 + the number of boundaries below it. The graph
 * makes the same comparison.
 */
export function quantileId({ boundaries }: QuantileInput, value: number): number {
  if (Number.isNaN(value)) return 0;
  let low = 0;
  let high = boundaries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((boundaries[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return 1 + low;
}

/** Returns the table rows of numbers [batch] in the graph. */
function quantileIds(input: QuantileInput, value: tf.Tensor): tf.Tensor {
  const boundaries = tf.tensor2d(Float32Array.from(input.boundaries), [1, input.boundaries.length]);
  const below = tf.sum(tf.cast(tf.greater(tf.expandDims(value, 1), boundaries), 'int32'), 1);
  const isPresent = tf.cast(tf.logicalNot(tf.isNaN(value)), 'int32');
  return tf.mul(isPresent, tf.add(below, tf.scalar(1, 'int32')));
}
