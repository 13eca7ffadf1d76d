/** A bag: up to `length` weighted ids per row, whose embeddings are combined to one. */
import * as tf from '@tensorflow/tfjs-core';
import type { BagInput } from '../../table/encoded.ts';
import type { EmbeddedKind } from './input-kind.ts';

/** Bags. A training batch holds the combiner's coefficients, the scoring graph computes them from the weights. */
export const bag: EmbeddedKind<BagInput> = {
  hasCoefficients: true,
  idsPerRow: ({ length }) => length,
  graphInputs: ({ name, length }) => [
    { name, shape: ['batch', length], type: 'int64' },
    { name: `${name}_weights`, shape: ['batch', length], type: 'float32' },
  ],
  writeRows({ name, length, combiner }, { ids, weights }, rows, into, at) {
    const [source, target] = [ids[name] as Int32Array, into.ids[name] as Int32Array];
    const coefficients = into.coefficients[name] as Float32Array;
    for (const [i, row] of rows.entries()) {
      const [from, to] = [row * length, (at + i) * length];
      for (let k = 0; k < length; k++) target[to + k] = source[from + k] as number;
      const rowWeights = (weights[name] as Float32Array).subarray(from, from + length);
      bagCoefficients(combiner, rowWeights, coefficients.subarray(to, to + length));
    }
  },
  embed: (input, table, encoded) =>
    pool(input, table, encoded[input.name] as tf.Tensor, encoded[`${input.name}_weights`] as tf.Tensor),
};

/**
 * Writes the factor with which each id of a bag enters the combined embedding: w for `sum`, w / sum(w) for `mean`,
 * w / sqrt(sum(w^2)) for `sqrtn`. In an empty bag, whose weights are all 0, the first id counts once; it is 0 there,
 * the row of the missing value.
 */
export function bagCoefficients(combiner: BagInput['combiner'], weights: Float32Array, into: Float32Array): void {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) {
    into.fill(0);
    into[0] = 1;
    return;
  }
  const norm = coefficientNorm(combiner, weights, total);
  for (let i = 0; i < weights.length; i++) into[i] = (weights[i] as number) / norm;
}

function coefficientNorm(combiner: BagInput['combiner'], weights: Float32Array, total: number): number {
  switch (combiner) {
    case 'sum':
      return 1;
    case 'mean':
      return total;
    case 'sqrtn':
      return Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0));
  }
}

/**
 * Returns the combined embeddings [batch, dimension] in the graph; an empty bag has that of row 0, the missing value.
 */
function pool({ combiner }: BagInput, table: tf.Tensor, ids: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  const isEmpty = tf.cast(tf.equal(tf.sum(weights, 1, true), 0), 'float32');
  const coefficients = tf.div(weights, norm(combiner, weights, isEmpty));
  const pooled = tf.sum(tf.mul(tf.expandDims(coefficients, 2), tf.gather(table, ids)), 1);
  const missing = tf.gather(table, tf.tensor1d([0], 'int32'));
  return tf.add(pooled, tf.mul(isEmpty, missing));
}

function norm(combiner: BagInput['combiner'], weights: tf.Tensor, isEmpty: tf.Tensor): tf.Tensor {
  switch (combiner) {
    case 'sum':
      return tf.scalar(1);
    case 'mean':
      return tf.add(tf.sum(weights, 1, true), isEmpty);
    case 'sqrtn':
      return tf.add(tf.sqrt(tf.sum(tf.square(weights), 1, true)), isEmpty);
  }
}
