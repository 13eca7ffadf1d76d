import * as tf from '@tensorflow/tfjs-core';
import { differentiable, type KernelCase, values } from './case.ts';

type Unary = (x: tf.Tensor) => tf.Tensor;

/** Functions of any number, smooth almost everywhere. */
const OF_ALL: Readonly<Record<string, Unary>> = {
  abs: tf.abs,
  neg: tf.neg,
  sign: tf.sign,
  ceil: tf.ceil,
  floor: tf.floor,
  round: tf.round,
  square: tf.square,
  exp: tf.exp,
  expm1: tf.expm1,
  sin: tf.sin,
  cos: tf.cos,
  tan: tf.tan,
  atan: tf.atan,
  sinh: tf.sinh,
  cosh: tf.cosh,
  tanh: tf.tanh,
  asinh: tf.asinh,
};

/** Functions of some numbers, and what maps the numbers between -2 and 2 to those. */
const OF_SOME: Readonly<Record<string, readonly [of: Unary, domain: Unary]>> = {
  reciprocal: [tf.reciprocal, (x) => tf.add(tf.abs(x), 0.5)],
  sqrt: [tf.sqrt, (x) => tf.add(tf.abs(x), 0.1)],
  rsqrt: [tf.rsqrt, (x) => tf.add(tf.abs(x), 0.1)],
  log: [tf.log, (x) => tf.add(tf.abs(x), 0.1)],
  log1p: [tf.log1p, (x) => tf.mul(x, 0.45)],
  asin: [tf.asin, (x) => tf.mul(x, 0.45)],
  acos: [tf.acos, (x) => tf.mul(x, 0.45)],
  acosh: [tf.acosh, (x) => tf.add(tf.abs(x), 1.1)],
  atanh: [tf.atanh, (x) => tf.mul(x, 0.45)],
};

export const ELEMENTWISE_CASES: readonly KernelCase[] = [
  ...Object.entries(OF_ALL).map(([name, of]) => differentiable(name, ['x'], ({ x }) => of(x))),
  ...Object.entries(OF_SOME).map(([name, [of, domain]]) => differentiable(name, ['x'], ({ x }) => of(domain(x)))),
  ...Object.entries({
    ...OF_ALL,
    ...Object.fromEntries(Object.entries(OF_SOME).map(([name, [of]]) => [name, of])),
  }).map(([name, of]) =>
    values(`${name} of numbers of every size`, ({ s }) => of(given(name, s)), {
      absolute: isPeriodic(name) ? 1e-6 : 1e-37,
    }),
  ),
  // TF.js's own erf is off by 1.5e-7, so near 0 it has few digits.
  differentiable('erf', ['x'], ({ x }) => tf.erf(x)),
  differentiable('clipByValue', ['x'], ({ x }) => tf.clipByValue(x, -0.5, 0.75)),
  values('clipByValue of numbers of every size', ({ s }) => tf.clipByValue(s, -0.5, 2), { absolute: 0 }),
  values('clipByValue of whole numbers', ({ i }) => tf.clipByValue(i, -2, 3)),
  values('abs, neg, sign and square of whole numbers', ({ i }) => [tf.abs(i), tf.neg(i), tf.sign(i), tf.square(i)]),
  differentiable('cast to whole numbers', ['x'], ({ x }) => tf.mul(x, tf.cast(tf.cast(x, 'int32'), 'float32'))),
  values('casts of numbers of every size', ({ s }) => [
    tf.cast(tf.clipByValue(s, -1e6, 1e6), 'int32'),
    tf.cast(s, 'bool'),
  ]),
  values('casts of whole numbers and booleans', ({ i, p, rows }) => [
    tf.cast(i, 'float32'),
    tf.cast(i, 'bool'),
    tf.cast(p, 'int32'),
    tf.cast(p, 'float32'),
    tf.cast(rows, 'float32'),
    tf.add(rows, tf.scalar(1, 'int32')),
  ]),
  differentiable('identity', ['x'], ({ x }) => tf.clone(x)),
];

function given(name: string, s: tf.Tensor): tf.Tensor {
  // The relative error of a sine or tangent of 1e30 is that of its argument.
  if (isPeriodic(name)) return tf.clipByValue(s, -88, 88);
  // The sign of NaN is 0 in TF.js, and NaN in the graph.
  return name === 'sign' ? tf.where(tf.isNaN(s), tf.zerosLike(s), s) : s;
}

function isPeriodic(name: string): boolean {
  return ['sin', 'cos', 'tan'].includes(name);
}
