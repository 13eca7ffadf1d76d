import * as tf from '@tensorflow/tfjs-core';
import type { Columns, TowerInput } from '../network.ts';

/**
 * Returns the product [batch, units] of a tower's input and a weight matrix [width, units]. It is the sum of the parts'
 * products; the product of a part whose rows are shared is computed once for each shared row (arXiv 2211.05239).
 */
export function linear(input: TowerInput, weight: tf.Tensor2D): tf.Tensor {
  const products = input.map(({ values, columns, rows }) => {
    const product = tf.matMul(values as tf.Tensor2D, rowsOf(weight, columns));
    return rows === undefined ? product : tf.gather(product, rows);
  });
  return products.reduce((a, b) => tf.add(a, b));
}

/** Returns the rows of a weight matrix that belong to columns of the input. */
function rowsOf(weight: tf.Tensor2D, columns: readonly Columns[]): tf.Tensor2D {
  const runs = columns.map(({ start, count }) =>
    count === weight.shape[0] ? weight : tf.slice2d(weight, [start, 0], [count, -1]),
  );
  return runs.length === 1 ? (runs[0] as tf.Tensor2D) : tf.concat2d(runs, 0);
}
