import * as tf from '@tensorflow/tfjs-core';
import { differentiable, type KernelCase } from './case.ts';

/** Returns the input times -1 in the backward pass. */
const reverseGradient = tf.customGrad((x) => ({
  value: tf.clone(x as tf.Tensor),
  gradFunc: (dy: tf.Tensor) => tf.neg(dy),
}));
/** Returns the input, which is a constant to the gradient. */
const stopGradient = tf.customGrad((x) => ({
  value: tf.clone(x as tf.Tensor),
  gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
}));

/** Parts of networks as users write them. */
export const NETWORK_CASES: readonly KernelCase[] = [
  differentiable(
    'attention with a mask',
    ['m', 'n'],
    ({ m, n, ids }) => {
      const [query, key] = [tf.transpose(n, [0, 2, 1]), m];
      const scores = tf.div(tf.matMul(query, key, false, true), Math.sqrt(3));
      const length = tf.add(tf.slice(ids, [0, 0], [-1, 1]), 1);
      const isFilled = tf.less(tf.range(0, 4, 1, 'int32'), length);
      const masked = tf.where(tf.expandDims(isFilled, 1), scores, -1e9);
      return tf.matMul(tf.softmax(masked), m);
    },
    { fewestRows: 1 },
  ),
  differentiable(
    'lstm',
    ['m', 'w'],
    ({ m, w }) => {
      const kernel = tf.reshape(tf.slice(tf.tile(w, [4, 1]), [0, 0], [10, 4]), [5, 8]);
      const bias = tf.slice(tf.reshape(w, [15]), [2], [8]) as tf.Tensor1D;
      const cell = (data: tf.Tensor2D, c: tf.Tensor2D, h: tf.Tensor2D) =>
        tf.basicLSTMCell(1, kernel as tf.Tensor2D, bias, data, c, h);
      const state = tf.zeros([m.shape[0] as number, 2]) as tf.Tensor2D;
      const [c, h] = tf
        .unstack(m, 1)
        .reduce<[tf.Tensor2D, tf.Tensor2D]>(
          ([cells, hidden], step) => cell(step as tf.Tensor2D, cells, hidden),
          [state, state],
        );
      const [cs, hs] = tf.multiRNNCell(
        [cell],
        tf.slice(tf.unstack(m, 1)[0] as tf.Tensor2D, [0, 0], [-1, 3]),
        [state],
        [state],
      );
      return [c, h, ...cs, ...hs];
    },
    { fewestRows: 1, absolute: 1e-5 },
  ),
  differentiable('mixture of experts', ['x', 'w'], ({ x, w }) => {
    const input = tf.slice(x, [0, 0], [-1, 3]);
    const experts = tf.stack([tf.relu(tf.matMul(input, w)), tf.relu(tf.matMul(input, tf.square(w)))], 1);
    const gate = tf.softmax(tf.matMul(input, tf.slice(w, [0, 0], [3, 2])));
    return tf.sum(tf.mul(experts, tf.expandDims(gate, 2)), 1);
  }),
  differentiable('factorisation machine', ['m'], ({ m }) =>
    tf.mul(0.5, tf.sum(tf.sub(tf.square(tf.sum(m, 1)), tf.sum(tf.square(m), 1)), 1)),
  ),
  differentiable('cross network', ['x', 'y'], ({ x, y }) =>
    tf.add(tf.mul(x, tf.matMul(x, tf.reshape(y, [6, 1]))), tf.add(x, y)),
  ),
  differentiable('survival by a running product of hazards', ['x'], ({ x }) =>
    tf.cumprod(tf.sub(1, tf.sigmoid(x)), 1, true),
  ),
  differentiable('gradients that are stopped and reversed', ['x'], ({ x }) => [
    tf.mul(x, stopGradient(x)),
    tf.mul(tf.square(x), reverseGradient(x)),
  ]),
  differentiable(
    'losses',
    ['x', 'v'],
    ({ x, v, p }) => [
      tf.losses.sigmoidCrossEntropy(p, x, undefined, undefined, tf.Reduction.NONE),
      tf.losses.softmaxCrossEntropy(tf.cast(p, 'float32'), x, undefined, undefined, tf.Reduction.NONE),
      tf.losses.huberLoss(v, x, undefined, undefined, tf.Reduction.NONE),
      tf.losses.logLoss(tf.cast(p, 'float32'), tf.sigmoid(x), undefined, undefined, tf.Reduction.NONE),
    ],
    { fewestRows: 1 },
  ),
];
