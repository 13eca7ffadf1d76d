/** A bag: up to `length` weighted ids per row, whose embeddings are combined to one. */
import * as tf from '@tensorflow/tfjs-core';
import type { BagInput } from '../../table/encoded.ts';
import type { EmbeddedKind } from './input-kind.ts';

/** Bags. A training batch holds the combiner's coefficients, the scoring graph computes them from the weights. */
export const bag: EmbeddedKind<BagInput> = {
  hasCoefficients: true,
  idsPerRow: ({ length }) => length,
  isPooled: true,
  graphInputs: ({ name, length }) => [
    { name, shape: ['batch', length], type: 'int64' },
    { name: `${name}_weights`, shape: ['batch', length], type: 'float32' },
  ],
  writeRows({ name, length, combiner }, { ids, weights }, rows, into, at) {
    const [source, target] = [ids[name] as Int32Array, into.ids[name] as Int32Array];
    const coefficients = into.coefficients[name] as Float32Array;
    const rowWeights = weights[name] as Float32Array;
    for (let i = 0; i < rows.length; i++) {
      const [from, to] = [(rows[i] as number) * length, (at + i) * length];
      for (let k = 0; k < length; k++) target[to + k] = source[from + k] as number;
      writeCoefficients(combiner, { weights: rowWeights, from, length }, coefficients, to);
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
  writeCoefficients(combiner, { weights, from: 0, length: weights.length }, into, 0);
}

/** The weights of one bag among those of many. */
interface BagWeights {
  readonly weights: Float32Array;
  readonly from: number;
  readonly length: number;
}

/** Writes the coefficients of one bag among many from a position on. A view of each bag would take longer than its sum. */
function writeCoefficients(combiner: BagInput['combiner'], bag: BagWeights, into: Float32Array, to: number): void {
  const { weights, from, length } = bag;
  let [total, squares] = [0, 0];
  for (let k = from; k < from + length; k++) {
    const weight = weights[k] as number;
    total += weight;
    squares += weight * weight;
  }
  const norm = combiner === 'sum' ? 1 : combiner === 'mean' ? total : Math.sqrt(squares);
  for (let k = 0; k < length; k++) into[to + k] = total === 0 ? 0 : (weights[from + k] as number) / norm;
  if (total === 0) into[to] = 1;
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
