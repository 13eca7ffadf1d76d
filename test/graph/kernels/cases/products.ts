import * as tf from '@tensorflow/tfjs-core';
import { differentiable, type KernelCase, values } from './case.ts';

const TRANSPOSES = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const;

/** A tensor with its last two axes turned. */
const turned = (x: tf.Tensor) => {
  const axes = x.shape.map((_, i) => i);
  return tf.transpose(x, [...axes.slice(0, -2), ...axes.slice(-2).reverse()]);
};

/** The terms of a sum of products may nearly cancel. */
const SUMS = { fewestRows: 1, absolute: 1e-5 };

export const PRODUCT_CASES: readonly KernelCase[] = [
  ...TRANSPOSES.map(([a, b]) =>
    differentiable(
      `matMul${a ? ', first transposed' : ''}${b ? ', second transposed' : ''}`,
      ['x', 'm', 'n', 'w'],
      ({ x, m, n, w }) => {
        const product = (left: tf.Tensor, right: tf.Tensor) =>
          tf.matMul(a ? turned(left) : left, b ? turned(right) : right, a, b);
        return [product(tf.slice(x, [0, 0], [-1, 3]), w), product(m, n), product(m, w), product(turned(w), n)];
      },
      SUMS,
    ),
  ),
  differentiable(
    'matMul whose first axes broadcast each other',
    ['m', 'n', 'w'],
    ({ m, n, w }) => [
      tf.matMul(tf.expandDims(m, 1), tf.expandDims(tf.stack([w, tf.neg(w)]), 0)),
      tf.matMul(tf.reshape(m, [-1, 2, 2, 3]), tf.expandDims(n, 1)),
    ],
    // TF.js itself takes the matrices in turn.
    {
      ...SUMS,
      inTfjs: ({ m, n, w }) => [
        tf.stack([tf.matMul(m, w), tf.matMul(m, tf.neg(w))], 1),
        tf.reshape(tf.matMul(m, n), [-1, 2, 2, 5]),
      ],
    },
  ),
  differentiable('products of whole batches', ['x', 'v'], ({ x, v }) => [
    tf.matMul(x, v, false, true),
    tf.matMul(x, v, true, false),
  ]),
  values('matMul of whole numbers', ({ i, j }) => [tf.matMul(i, tf.transpose(j)), tf.matMul(i, j, true)]),
  differentiable('dot, outerProduct', ['y'], ({ y }) => [
    tf.dot(y, tf.square(y)),
    tf.outerProduct(y as tf.Tensor1D, tf.add(y, 1) as tf.Tensor1D),
  ]),
  differentiable(
    'einsum',
    ['x', 'm', 'n', 'w', 'y'],
    ({ x, m, n, w, y }) => [
      tf.einsum('bij,bjk->bik', m, n),
      tf.einsum('bij,jk->bik', m, w),
      tf.einsum('bij->bji', m),
      tf.einsum('bij->b', m),
      tf.einsum('bi,i->b', x, y),
      tf.einsum('bi,ci->bc', x, tf.expandDims(y, 0)),
      tf.einsum('i,j->ij', y, y),
      tf.einsum('i,i->', y, y),
      tf.einsum('b i j, b j k -> b k i', m, n),
    ],
    SUMS,
  ),
  differentiable(
    'einsum that sums over two axes',
    ['m', 'n'],
    ({ m, n }) => [tf.einsum('bij,bjk->ki', m, n), tf.einsum('bij,bjk->bk', m, n)],
    // TF.js itself leaves one of the axes, and the other gradients in another order.
    {
      ...SUMS,
      inTfjs: ({ m, n }) => [tf.transpose(tf.sum(tf.matMul(m, n), 0)), tf.sum(tf.matMul(m, n), 1)],
    },
  ),
  ...(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'] as const).map((activation) =>
    differentiable(
      `fused matMul, ${activation}`,
      ['x', 'w', 'y'],
      ({ x, w, y, m }) => {
        const bias = tf.slice(y, [0], [5]);
        const weights = { preluActivationWeights: tf.abs(bias), leakyreluAlpha: 0.3 };
        return [
          tf.fused.matMul({ a: tf.slice(x, [0, 0], [-1, 3]), b: w, bias, activation, ...weights }),
          tf.fused.matMul({ a: tf.reshape(m, [-1, 3]), b: w, activation, ...weights }),
          tf.fused.matMul({
            a: tf.slice(x, [0, 0], [-1, 5]),
            b: w,
            transposeB: true,
            activation: activation === 'prelu' ? 'linear' : activation,
          }),
        ];
      },
      SUMS,
    ),
  ),
  ...(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'] as const).map((activation) =>
    values(
      `fused matMul without gradient, ${activation}`,
      ({ x, w, y }) => {
        const bias = tf.slice(y, [0], [5]);
        const more = { bias, activation, preluActivationWeights: tf.abs(bias), leakyreluAlpha: 0.3 };
        return tf.fused.matMul({ a: tf.slice(x, [0, 0], [-1, 3]), b: w, ...more });
      },
      SUMS,
    ),
  ),
];
