import * as tf from '@tensorflow/tfjs-core';
import { differentiable, type KernelCase, values } from './case.ts';

const COMPARISONS = {
  equal: tf.equal,
  notEqual: tf.notEqual,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
};

const LOGIC = { logicalAnd: tf.logicalAnd, logicalOr: tf.logicalOr, logicalXor: tf.logicalXor };

export const COMPARISON_CASES: readonly KernelCase[] = [
  ...Object.entries(COMPARISONS).map(([name, of]) =>
    values(name, ({ x, y, z, s, u, i, j, p, q, rows }) => [
      of(x, y),
      of(z, x),
      of(x, x),
      of(s, u),
      of(i, j),
      of(i, x),
      of(p, q),
      of(rows, tf.scalar(2, 'int32')),
    ]),
  ),
  ...Object.entries(LOGIC).map(([name, of]) => values(name, ({ p, q, z }) => [of(p, q), of(tf.greater(z, 0), q)])),
  values('logicalNot', ({ p }) => tf.logicalNot(p)),
  values('isNaN, isInf and isFinite', ({ s, i }) => [
    tf.isNaN(s),
    tf.isInf(s),
    tf.isFinite(s),
    tf.isNaN(i),
    tf.isInf(i),
    tf.isFinite(i),
  ]),
  differentiable('where', ['x', 'v'], ({ x, v, p }) => [tf.where(p, x, v)]),
  // TF.js itself broadcasts a row to one row where there are none.
  differentiable(
    'where of a row or scalar',
    ['x', 'y', 'c'],
    ({ x, y, c, p }) => [tf.where(p, x, y), tf.where(p, c, x), tf.where(p, x, 1)],
    {
      fewestRows: 1,
    },
  ),
  differentiable('where of a broadcast condition', ['x', 'z'], ({ x, z }) => tf.where(tf.greater(z, 0), x, tf.neg(x))),
  differentiable('where of a comparison with what is differentiated', ['x', 'v'], ({ x, v }) =>
    tf.where(tf.logicalOr(tf.less(x, v), tf.logicalNot(tf.lessEqual(x, 0.5))), tf.square(x), v),
  ),
  values('where of whole numbers and booleans', ({ i, j, x, p, q }) => [
    tf.where(p, i, j),
    tf.where(p, i, x),
    tf.where(p, q, p),
    tf.where(p, q, i),
  ]),
  values('where of numbers of every size', ({ s, u }) => tf.where(tf.less(s, u), s, u), { absolute: 0 }),
];
