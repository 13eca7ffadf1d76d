import * as tf from '@tensorflow/tfjs-core';
import { differentiable, type KernelCase, values } from './case.ts';

const STRICT = { absolute: 1e-37 };

export const ARITHMETIC_CASES: readonly KernelCase[] = [
  differentiable('add', ['x', 'y', 'z', 'c'], ({ x, y, z, c }) => [tf.add(x, y), tf.add(z, x), tf.add(c, x)]),
  differentiable('sub', ['x', 'y', 'z'], ({ x, y, z }) => [tf.sub(x, y), tf.sub(1, x), tf.sub(z, x)]),
  differentiable('mul', ['x', 'y', 'z', 'c'], ({ x, y, z, c }) => [tf.mul(x, y), tf.mul(z, x), tf.mul(c, x)]),
  differentiable('div', ['x', 'y', 'z'], ({ x, y, z }) => [tf.div(y, tf.add(tf.square(x), 1)), tf.div(x, z)]),
  differentiable('divNoNan', ['x', 'y'], ({ x, y }) => tf.divNoNan(x, tf.relu(y))),
  differentiable('addN', ['x', 'v'], ({ x, v }) => tf.addN([x, v, x])),
  differentiable('maximum', ['x', 'v', 'y', 'z'], ({ x, v, y, z }) => [
    tf.maximum(x, v),
    tf.maximum(x, y),
    tf.maximum(z, x),
    tf.maximum(x, x),
    tf.maximum(x, 0.5),
  ]),
  differentiable('minimum', ['x', 'v', 'y', 'z'], ({ x, v, y, z }) => [
    tf.minimum(x, v),
    tf.minimum(x, y),
    tf.minimum(z, x),
    tf.minimum(x, x),
    tf.minimum(x, 0.5),
  ]),
  differentiable('squaredDifference', ['x', 'y', 'z'], ({ x, y, z }) => [
    tf.squaredDifference(x, y),
    tf.squaredDifference(z, x),
  ]),
  differentiable('pow', ['x', 'y'], ({ x, y }) => [
    tf.pow(tf.add(tf.abs(x), 0.5), y),
    tf.pow(tf.abs(x), tf.scalar(1.5)),
  ]),
  differentiable('pow of a negative base', ['x'], ({ x }) => [tf.pow(x, 2), tf.pow(x, 3)]),
  differentiable('mod', ['x', 'y'], ({ x, y }) => tf.mod(x, y)),
  differentiable('floorDiv', ['x', 'y'], ({ x, y }) => tf.cast(tf.floorDiv(x, y), 'float32')),
  differentiable('atan2', ['x', 'y', 'z'], ({ x, y, z }) => [tf.atan2(x, y), tf.atan2(z, x)]),

  values('sum and product of numbers of every size', ({ s, u }) => [tf.add(s, u), tf.sub(s, u), tf.mul(s, u)], STRICT),
  values('quotients of numbers of every size', ({ s, u }) => [tf.div(s, u), tf.divNoNan(s, u)], STRICT),
  values('extremes of numbers of every size', ({ s, u }) => [tf.maximum(s, u), tf.minimum(s, u)], STRICT),
  values('remainders of numbers of every size', ({ s, u }) => tf.mod(s, u), STRICT),
  values('floored quotients of numbers of every size', ({ s, u }) => tf.floorDiv(tf.clipByValue(s, -1e3, 1e3), u)),
  values('angles of numbers of every size', ({ s, u }) => tf.atan2(s, tf.add(u, 0)), STRICT),
  values(
    'powers of numbers of every size',
    ({ s }) => [tf.pow(s, 2), tf.pow(s, 0.5), tf.pow(s, -1), tf.pow(s, 3)],
    STRICT,
  ),
  values('whole numbers', ({ i, j }) => [tf.add(i, j), tf.sub(i, j), tf.mul(i, j), tf.maximum(i, j), tf.minimum(i, j)]),
  values('quotients of whole numbers', ({ i, j }) => [tf.floorDiv(i, j), tf.div(i, j), tf.mod(i, j)]),
  values('powers of whole numbers', ({ i }) => tf.pow(i, tf.scalar(3, 'int32'))),
  values('squared differences of whole numbers', ({ i, j }) => tf.squaredDifference(i, j)),
  values('whole numbers and others', ({ i, x, p }) => [tf.add(i, x), tf.mul(p, x), tf.mul(p, i)]),
  values('products and extremes of booleans', ({ p, q }) => [tf.mul(p, q), tf.maximum(p, q), tf.minimum(p, q)]),
];
