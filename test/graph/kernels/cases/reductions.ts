import * as tf from '@tensorflow/tfjs-core';
import { differentiable, type KernelCase, values } from './case.ts';

type Reduction = (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor;

/** Reductions that TF.js computes of no elements, too. */
const OF_ANY_NUMBER: Readonly<Record<string, Reduction>> = { sum: tf.sum, prod: tf.prod };
const OF_SOME: Readonly<Record<string, Reduction>> = {
  mean: tf.mean,
  max: tf.max,
  min: tf.min,
  logSumExp: tf.logSumExp,
};

export const REDUCTION_CASES: readonly KernelCase[] = [
  ...Object.entries({ ...OF_ANY_NUMBER, ...OF_SOME }).map(([name, of]) =>
    differentiable(name, ['x', 'm', 'w'], ({ x, m, w }) => [
      of(x, 1),
      of(x, -1, true),
      of(m, 1),
      of(m, [1, 2]),
      of(m, [2, 1], true),
      of(m, -2),
      of(w),
      of(w, 0),
    ]),
  ),
  differentiable('sum over the rows', ['x', 'm'], ({ x, m }) => [tf.sum(x), tf.sum(x, 0), tf.sum(m, [0, 2], true)]),
  differentiable('max and min over the rows', ['x'], ({ x }) => [tf.max(x, 0), tf.min(x, 0), tf.max(x)], {
    fewestRows: 1,
  }),
  differentiable('max and min of equal elements', ['x'], ({ x }) => [
    tf.max(tf.concat([x, x], 1), 1),
    tf.min(tf.stack([x, x], 1), 1),
  ]),
  differentiable('prod with zeros', ['x'], ({ x }) => [
    tf.prod(tf.relu(x), 1),
    tf.prod(tf.relu(tf.reshape(x, [-1, 2, 3])), 2),
  ]),
  values('mean and prod over the rows', ({ x }) => [tf.mean(x, 0), tf.prod(x, 0), tf.mean(x)], { fewestRows: 1 }),
  values('reductions over no axis', ({ x, c }) => [tf.sum(x, []), tf.max(x, []), tf.mean(x, []), tf.sum(c), tf.max(c)]),
  values('max and min with NaN and infinities', ({ s }) => [tf.max(s, 1), tf.min(s, 1), tf.max(s), tf.sum(s, 1)], {
    fewestRows: 1,
  }),
  values('all and any', ({ p, q }) => [
    tf.all(p, 1),
    tf.any(p, 1),
    tf.all(tf.logicalOr(p, tf.logicalNot(p)), 1, true),
    tf.any(tf.logicalAnd(q, tf.logicalNot(q)), -1),
    tf.all(tf.reshape(q, [-1, 2, 3]), [1, 2]),
  ]),
  values('all and any over the rows', ({ p }) => [tf.all(p, 0), tf.any(p, 0), tf.any(p)], { fewestRows: 1 }),
  values('reductions of whole numbers and booleans', ({ i, p, rows }) => [
    tf.sum(i, 1),
    tf.mean(i, 1),
    tf.max(i, 1),
    tf.min(i, 1),
    tf.prod(i, 1),
    tf.sum(p, 1),
    tf.prod(p, 1),
    tf.sum(rows),
  ]),
  values('argMax and argMin', ({ x, m, i }) => [
    tf.argMax(x, 1),
    tf.argMin(x, -1),
    tf.argMax(m, 1),
    tf.argMin(m, 2),
    tf.argMax(i, 1),
    tf.argMax(tf.greater(x, 0), 1),
  ]),
  values('argMax and argMin of equal elements', ({ p }) => [
    tf.argMax(tf.cast(p, 'int32'), 1),
    tf.argMin(tf.cast(p, 'float32'), 1),
  ]),
  differentiable('moments', ['x', 'm'], ({ x, m }) => {
    const [one, two] = [tf.moments(x, 1), tf.moments(m, [1, 2], true)];
    return [one.mean, one.variance, two.mean, two.variance];
  }),
  differentiable('norms', ['x'], ({ x }) => [
    tf.norm(x, 'euclidean', 1),
    tf.norm(x, 1, 1),
    tf.norm(x, Number.POSITIVE_INFINITY, 1),
    tf.norm(x, 'fro', [0, 1]),
  ]),

  differentiable('cumsum', ['x', 'm'], ({ x, m }) => [
    tf.cumsum(x, 1),
    tf.cumsum(x, 1, true),
    tf.cumsum(x, 1, false, true),
    tf.cumsum(x, 1, true, true),
    tf.cumsum(m, 1),
    tf.cumsum(m, 1, true, true),
  ]),
  differentiable('cumsum over the rows', ['x'], ({ x }) => [tf.cumsum(x, 0), tf.cumsum(x, 0, true, true)]),
  values('cumsum of whole numbers and booleans', ({ i, p }) => [tf.cumsum(i, 1), tf.cumsum(p, 1)]),
  differentiable('cumprod', ['x', 'm'], ({ x, m }) => [
    tf.cumprod(x, 1),
    tf.cumprod(x, 1, true),
    tf.cumprod(x, 1, false, true),
    tf.cumprod(x, 1, true, true),
    tf.cumprod(m, 1),
    tf.cumprod(m, 1, true, true),
  ]),
  differentiable('cumprod with zeros', ['x'], ({ x }) => [
    tf.cumprod(tf.relu(x), 1),
    tf.cumprod(tf.relu(x), 1, true, true),
  ]),
  values('cumprod of whole numbers', ({ i }) => [tf.cumprod(i, 1), tf.cumprod(i, 1, true)]),
];

/** TF.js and onnxruntime find no position where there are no rows. */
export const REDUCTION_CASES_OF_SOME_ROWS: readonly KernelCase[] = [
  values('argMax and argMin over the rows', ({ x }) => [tf.argMax(x, 0), tf.argMin(x)], { fewestRows: 1 }),
];
