/** Products of matrices, alone and with a bias and an activation. */
import * as tf from '@tensorflow/tfjs-core';
import type { Recorder } from '../recorder.ts';
import { leakyRelu, prelu, sigmoid } from './activations.ts';
import { expm1 } from './elementwise.ts';
import { broadcasting, type KernelInputs, node, type Rules, reshaped, scalar } from './rule.ts';
import { transposed } from './shapes.ts';

export const PRODUCTS: Rules = {
  BatchMatMul: (r, { a, b }, { transposeA, transposeB }) =>
    matrixProduct(r, a, b, Boolean(transposeA), Boolean(transposeB)),
  _FusedMatMul: (r, inputs, { transposeA, transposeB, activation, leakyreluAlpha }) => {
    const { a, b, bias } = inputs;
    const matrix = matrixProduct(r, a, b, Boolean(transposeA), Boolean(transposeB));
    const sum = bias === undefined ? matrix : broadcasting(r, 'Add', matrix, bias, matrix.dtype);
    return activated(r, sum, activation as string, Number(leakyreluAlpha), inputs);
  },
};

/** Appends the product of matrices in the last two axes; the axes before those broadcast. */
export function matrixProduct(
  r: Recorder,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
): tf.TensorInfo {
  if (a.shape.length === 2 && b.shape.length === 2 && (a.dtype === 'float32' || (!transposeA && !transposeB)))
    return ofTwo(r, a, b, transposeA, transposeB);
  const [left, right] = [turned(r, a, transposeA), turned(r, b, transposeB)];
  const rows = left.shape.slice(0, -1);
  const columns = right.shape.at(-1) as number;
  if (b.shape.length === 2 && a.shape.length > 2 && b.dtype === 'float32') {
    // One matrix on the right: the rows of all on the left are those of one.
    const inner = left.shape.at(-1) as number;
    const flat = reshaped(r, left, [tf.util.sizeFromShape(rows), inner]);
    return reshaped(r, ofTwo(r, flat, b, false, transposeB), [...rows, columns]);
  }
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(left.shape.slice(0, -2), right.shape.slice(0, -2));
  // Of no rows onnxruntime does not broadcast.
  const operands = [repeated(r, left, outer), repeated(r, right, outer)];
  return node(r, 'MatMul', operands, { shape: [...outer, rows.at(-1) as number, columns], dtype: a.dtype });
}

/** The product of two matrices. onnxruntime fuses a MatMul, but not a Gemm, with the bias that is added to its result. */
function ofTwo(
  r: Recorder,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
): tf.TensorInfo {
  const shape = [a.shape[transposeA ? 1 : 0] as number, b.shape[transposeB ? 0 : 1] as number];
  if (!transposeA && !transposeB) return node(r, 'MatMul', [a, b], { shape, dtype: a.dtype });
  const attributes = { transA: Number(transposeA), transB: Number(transposeB) };
  return node(r, 'Gemm', [a, b], { shape, dtype: 'float32', attributes });
}

function turned(r: Recorder, x: tf.TensorInfo, isTransposed: boolean): tf.TensorInfo {
  if (!isTransposed) return x;
  const axes = x.shape.map((_, i) => i);
  return transposed(r, x, [...axes.slice(0, -2), ...axes.slice(-2).reverse()]);
}

/** Repeats matrices for each place of the outer axes. */
function repeated(r: Recorder, x: tf.TensorInfo, outer: readonly number[]): tf.TensorInfo {
  if (tf.util.arraysEqual(x.shape.slice(0, -2), [...outer])) return x;
  const shape = [...outer, ...x.shape.slice(-2)];
  return node(r, 'Expand', [x, r.dimensions(shape)], { shape, dtype: x.dtype });
}

function activated(
  r: Recorder,
  x: tf.TensorInfo,
  activation: string,
  alpha: number,
  { preluActivationWeights }: KernelInputs,
): tf.TensorInfo {
  switch (activation) {
    case 'relu':
      return node(r, 'Relu', [x], x);
    case 'relu6':
      return node(r, 'Clip', [x, scalar(r, 0), scalar(r, 6)], x);
    case 'elu':
      return node(r, 'Where', [node(r, 'Less', [x, scalar(r, 0)], { ...x, dtype: 'bool' }), expm1(r, x), x], x);
    case 'sigmoid':
      return sigmoid(r, x);
    case 'leakyrelu':
      return leakyRelu(r, x, alpha);
    case 'prelu':
      return prelu(r, x, preluActivationWeights as tf.TensorInfo);
    default:
      return x;
  }
}
