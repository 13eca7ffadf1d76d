import * as tf from '@tensorflow/tfjs-core';
import type { Columns, InputPart, TowerInput } from '../network.ts';
import type { LayerInput } from './layer.ts';

/**
 * Returns the product [batch, units] of a layer's input and a weight matrix [width, units]. That of a tower's input is
 * the sum of the parts' products; the product of a part whose rows are shared is computed once for each shared row
 * (arXiv 2211.05239).
 */
export function linear(input: LayerInput, weight: tf.Tensor2D): tf.Tensor {
  if (!isTowerInput(input)) return tf.matMul(input as tf.Tensor2D, weight);
  const products = input.map(({ values, columns, rows }) => {
    const product = tf.matMul(values as tf.Tensor2D, rowsOf(weight, columns));
    return rows === undefined ? product : tf.gather(product, rows);
  });
  return products.reduce((a, b) => tf.add(a, b));
}

/** Whether a layer's input is that of a tower, in parts, and not a matrix. */
export function isTowerInput(input: LayerInput): input is TowerInput {
  return Array.isArray(input);
}

/** Returns the matrix [batch, width] of a layer's input: the columns of all parts, in their order. */
export function matrixOf(input: LayerInput): tf.Tensor {
  if (!isTowerInput(input)) return input;
  const runs = input.flatMap(columnRuns).sort((a, b) => a.start - b.start);
  return runs.length === 1
    ? (runs[0] as ColumnRun).matrix
    : tf.concat(
        runs.map(({ matrix }) => matrix),
        1,
      );
}

/** Neighbouring columns [batch, n] of an input, from column `start` on. */
interface ColumnRun {
  readonly start: number;
  readonly matrix: tf.Tensor;
}

function columnRuns({ values, columns, rows }: InputPart): ColumnRun[] {
  const matrix = rows === undefined ? values : tf.gather(values, rows);
  // TF.js cannot differentiate a split into one.
  const matrices =
    columns.length === 1
      ? [matrix]
      : tf.split(
          matrix,
          columns.map(({ count }) => count),
          1,
        );
  return columns.map(({ start }, i) => ({ start, matrix: matrices[i] as tf.Tensor }));
}

/** Returns the rows of a weight matrix that belong to columns of the input. */
function rowsOf(weight: tf.Tensor2D, columns: readonly Columns[]): tf.Tensor2D {
  const runs = columns.map(({ start, count }) =>
    count === weight.shape[0] ? weight : tf.slice2d(weight, [start, 0], [count, -1]),
  );
  return runs.length === 1 ? (runs[0] as tf.Tensor2D) : tf.concat2d(runs, 0);
}
