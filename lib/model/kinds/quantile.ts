/** A number whose interval between training quantiles is embedded. */
import * as tf from '@tensorflow/tfjs-core';
import type { QuantileInput } from '../../table/encoded.ts';
import type { EmbeddedKind } from './input-kind.ts';

export const quantile: EmbeddedKind<QuantileInput> = {
  hasCoefficients: false,
  idsPerRow: () => 1,
  graphInputs: ({ name }) => [{ name, shape: ['batch'], type: 'float32' }],
  writeRows(input, { numbers }, rows, into, at) {
    const [source, target] = [numbers[input.name] as Float32Array, into.ids[input.name] as Int32Array];
    for (let i = 0; i < rows.length; i++) target[at + i] = quantileId(input, source[rows[i] as number] as number);
  },
  embed: (input, table, encoded) => tf.gather(table, quantileIds(input, encoded[input.name] as tf.Tensor)),
};

/** 0 where missing (NaN), else 1 + the number of boundaries below the value: the same comparison as in the graph. */
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

/** The same in the graph, of values [batch]. */
function quantileIds(input: QuantileInput, value: tf.Tensor): tf.Tensor {
  const boundaries = tf.tensor2d(Float32Array.from(input.boundaries), [1, input.boundaries.length]);
  const below = tf.sum(tf.cast(tf.greater(tf.expandDims(value, 1), boundaries), 'int32'), 1);
  const isPresent = tf.cast(tf.logicalNot(tf.isNaN(value)), 'int32');
  return tf.mul(isPresent, tf.add(below, tf.scalar(1, 'int32')));
}
