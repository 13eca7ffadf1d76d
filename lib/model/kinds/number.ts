/** A number that the towers read directly, without an embedding. */
import * as tf from '@tensorflow/tfjs-core';
import type { NumberInput } from '../../table/encoded.ts';
import type { NumberKind } from './input-kind.ts';

/** Numbers, which stay untransformed until the graph standardises them; NaN where missing. */
export const number: NumberKind<NumberInput> = {
  graphInputs: ({ name }) => [{ name, shape: ['batch'], type: 'float32' }],
  writeRows({ name }, { numbers }, rows, into, at) {
    const [source, target] = [numbers[name] as Float32Array, into.numbers[name] as Float32Array];
    for (let i = 0; i < rows.length; i++) target[at + i] = source[rows[i] as number] as number;
  },
  transform,
};

/** Clips, applies log1p, and standardises. A missing number (NaN) becomes 0, the mean of the training rows. */
function transform(input: NumberInput, untransformed: tf.Tensor): { value: tf.Tensor; missing: tf.Tensor } {
  const isMissing = tf.isNaN(untransformed);
  const zeros = tf.zerosLike(untransformed);
  let value: tf.Tensor = tf.where(isMissing, zeros, untransformed);
  const [low, high] = input.clip ?? [null, null];
  if (low !== null) value = tf.maximum(value, low);
  if (high !== null) value = tf.minimum(value, high);
  if (input.log1p) value = tf.mul(tf.sign(value), tf.log(tf.add(tf.abs(value), 1)));
  value = tf.div(tf.sub(value, input.mean), input.deviation);
  return { value: tf.where(isMissing, zeros, value), missing: tf.cast(isMissing, 'float32') };
}
