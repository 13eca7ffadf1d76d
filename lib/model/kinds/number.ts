/** A number that the towers read directly, without an embedding. */
import * as tf from '@tensorflow/tfjs-core';
import type { NumberInput } from '../../table/encoded.ts';
import type { NumberTransform, NumericKind } from './input-kind.ts';

/** Numbers, which stay untransformed until the graph standardises them; NaN where missing. */
export const number: NumericKind<NumberInput> = {
  graphInputs: ({ name }) => [{ name, shape: ['batch'], type: 'float32' }],
  writeRows({ name }, { numbers }, rows, into, at) {
    const [source, target] = [numbers[name] as Float32Array, into.numbers[name] as Float32Array];
    for (let i = 0; i < rows.length; i++) target[at + i] = source[rows[i] as number] as number;
  },
  transforms: (input) => [input],
};

/**
 * Returns the two matrices [batch, n] that the towers read of n numbers [batch, n]: the transformed values, and 1 where a
 * number is missing. Clips, applies log1p, and standardises. A missing number (NaN) becomes 0, the mean of the training
 * rows. All numbers are transformed together: onnxruntime takes much longer to open and to run a graph with operators for
 * each of them.
 */
export function transformNumbers(
  inputs: readonly NumberTransform[],
  untransformed: tf.Tensor,
): { readonly value: tf.Tensor; readonly missing: tf.Tensor } {
  const isMissing = tf.isNaN(untransformed);
  const zeros = tf.zerosLike(untransformed);
  let value: tf.Tensor = tf.where(isMissing, zeros, untransformed);
  const [lows, highs] = [0, 1].map((side) => inputs.map(({ clip }) => clip?.[side as 0 | 1] ?? null));
  if (lows?.some((low) => low !== null)) value = tf.maximum(value, row(lows, Number.NEGATIVE_INFINITY));
  if (highs?.some((high) => high !== null)) value = tf.minimum(value, row(highs, Number.POSITIVE_INFINITY));
  value = withLogs(inputs, value);
  value = tf.div(tf.sub(value, row(inputs.map(({ mean }) => mean))), row(inputs.map(({ deviation }) => deviation)));
  return { value: tf.where(isMissing, zeros, value), missing: tf.cast(isMissing, 'float32') };
}

/** Applies log1p to the columns that have it. */
function withLogs(inputs: readonly NumberTransform[], value: tf.Tensor): tf.Tensor {
  if (!inputs.some(({ log1p }) => log1p)) return value;
  const logs = tf.mul(tf.sign(value), tf.log(tf.add(tf.abs(value), 1)));
  if (inputs.every(({ log1p }) => log1p)) return logs;
  // Products with 1 and sums with 0 are exact.
  const isLog = row(inputs.map(({ log1p }) => (log1p ? 1 : 0)));
  const isNotLog = row(inputs.map(({ log1p }) => (log1p ? 0 : 1)));
  return tf.add(tf.mul(logs, isLog), tf.mul(value, isNotLog));
}

/** A constant [1, n]; `absent` stands for `null`. */
function row(values: readonly (number | null)[], absent = 0): tf.Tensor {
  return tf.tensor2d([values.map((value) => value ?? absent)]);
}
