import * as tf from '@tensorflow/tfjs-core';
import { differentiable, type KernelCase, values } from './case.ts';

type Unary = (x: tf.Tensor) => tf.Tensor;

const ACTIVATIONS: Readonly<Record<string, Unary>> = {
  relu: tf.relu,
  relu6: (x) => tf.relu6(tf.mul(x, 4)),
  leakyRelu: (x) => tf.leakyRelu(x, 0.25),
  elu: tf.elu,
  selu: tf.selu,
  softplus: tf.softplus,
  sigmoid: tf.sigmoid,
  logSigmoid: tf.logSigmoid,
  hardSigmoid: (x) => tf.clipByValue(tf.add(tf.mul(x, 0.2), 0.5), 0, 1),
  softsign: (x) => tf.div(x, tf.add(tf.abs(x), 1)),
  swish: (x) => tf.mul(x, tf.sigmoid(x)),
  mish: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
  gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1)),
  'gelu by tanh': (x) =>
    tf.mul(
      tf.mul(x, 0.5),
      tf.add(tf.tanh(tf.mul(tf.add(x, tf.mul(tf.pow(x, 3), 0.044715)), Math.sqrt(2 / Math.PI))), 1),
    ),
  dice: (x) => tf.mul(x, tf.sigmoid(tf.sub(x, tf.mean(x, -1, true)))),
  step: (x) => tf.mul(x, tf.step(x, 0.5)),
};

/** Of numbers of every size: the relative error of a sigmoid of -88 is 88 times that of its exponential. */
const OF_EVERY_SIZE = ['relu', 'relu6', 'leakyRelu', 'elu', 'selu', 'softplus', 'sigmoid', 'step'];

export const ACTIVATION_CASES: readonly KernelCase[] = [
  ...Object.entries(ACTIVATIONS).map(([name, of]) => differentiable(name, ['x'], ({ x }) => of(x))),
  ...OF_EVERY_SIZE.map((name) =>
    values(`${name} of numbers of every size`, ({ s }) => (ACTIVATIONS[name] as Unary)(s), { absolute: 1e-37 }),
  ),
  values('relu of whole numbers', ({ i }) => [tf.relu(i), tf.relu6(i)]),
  differentiable('prelu', ['x', 'y', 'c'], ({ x, y, c }) => [tf.prelu(x, y), tf.prelu(x, c)]),
  values('prelu of numbers of every size', ({ s, u }) => tf.prelu(s, u), { absolute: 1e-37 }),

  differentiable('softmax', ['x', 'm'], ({ x, m }) => [tf.softmax(x), tf.softmax(m)]),
  differentiable('logSoftmax', ['x', 'm'], ({ x, m }) => [tf.logSoftmax(tf.mul(x, 20)), tf.logSoftmax(m)]),
  values('softmax with a mask', ({ x, p }) => tf.softmax(tf.where(p, x as tf.Tensor, Number.NEGATIVE_INFINITY)), {
    absolute: 1e-37,
  }),
  values('softmax of large numbers', ({ x }) => tf.softmax(tf.mul(x, 40)), { absolute: 1e-37 }),
  values('softmax of nothing but infinities', ({ x }) => tf.softmax(tf.mul(tf.abs(x), Number.NEGATIVE_INFINITY))),
  values('softmax with NaN', ({ s }) => tf.softmax(s)),
  differentiable(
    'batchNorm',
    ['x', 'y'],
    ({ x, y }) => tf.batchNorm(x, y as tf.Tensor1D, tf.square(y), tf.add(y, 1), tf.abs(y), 1e-3),
    // Large terms of the gradient by the mean and the variance nearly cancel.
    { absolute: 1e-4 },
  ),
  values('batchNorm without scale and offset', ({ x, y }) => tf.batchNorm(x, y as tf.Tensor1D, tf.square(y))),
  differentiable('layer normalisation', ['x', 'y'], ({ x, y }) => {
    const { mean, variance } = tf.moments(x, -1, true);
    return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), y), y);
  }),
  differentiable('l2 normalisation', ['x'], ({ x }) => tf.div(x, tf.norm(x, 'euclidean', 1, true))),
];
