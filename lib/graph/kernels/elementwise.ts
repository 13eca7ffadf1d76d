/** Functions of one tensor, element by element. */
import type * as tf from '@tensorflow/tfjs-core';
import { ONNX_TYPES } from '../graph.ts';
import { elementType, type Recorder } from '../recorder.ts';
import { cast, chain, node, type Rules, refuseBooleans, type SingleRule, scalar, test, unary, where } from './rule.ts';

export const ELEMENTWISE: Rules = {
  Abs: unary('Abs'),
  Neg: ofNumbers(unary('Neg')),
  Sign: unary('Sign'),
  Ceil: unary('Ceil'),
  Floor: unary('Floor'),
  Round: unary('Round'),
  Reciprocal: unary('Reciprocal'),
  Square: (r, { x }) => node(r, 'Mul', [x, x], x),
  Sqrt: unary('Sqrt'),
  Rsqrt: (r, { x }) => chain(r, x, ['Sqrt', 'Reciprocal']),

  Exp: unary('Exp'),
  Expm1: (r, { x }) => expm1(r, x),
  Log: unary('Log'),
  Log1p: (r, { x }) => log1p(r, x),
  Erf: unary('Erf'),

  Sin: unary('Sin'),
  Cos: unary('Cos'),
  Tan: unary('Tan'),
  Asin: unary('Asin'),
  Acos: unary('Acos'),
  Atan: unary('Atan'),
  Sinh: unary('Sinh'),
  Cosh: unary('Cosh'),
  Tanh: unary('Tanh'),
  Asinh: unary('Asinh'),
  Acosh: unary('Acosh'),
  Atanh: unary('Atanh'),

  ClipByValue: (r, { x }, { clipValueMin, clipValueMax }) => {
    const bounds = [clipValueMin, clipValueMax].map((bound) => scalar(r, bound as number, x.dtype));
    return node(r, 'Clip', [x, ...bounds], x);
  },
  Cast: (r, { x }, { dtype }) => convert(r, x, dtype as tf.DataType),
  Identity: (r, { x }) => r.alias(x),
};

/** exp(x) - 1, which near 0 is 2t / (1 - t) with t = tanh(x / 2): a difference of two numbers near 1 has few digits. */
export function expm1(r: Recorder, x: tf.TensorInfo): tf.TensorInfo {
  const tanh = node(r, 'Tanh', [node(r, 'Mul', [x, scalar(r, 0.5)], x)], x);
  const nearZero = node(r, 'Div', [node(r, 'Add', [tanh, tanh], x), node(r, 'Sub', [scalar(r, 1), tanh], x)], x);
  const far = node(r, 'Sub', [node(r, 'Exp', [x], x), scalar(r, 1)], x);
  return where(r, test(r, 'Less', [node(r, 'Abs', [x], x), scalar(r, 0.5)], x), nearZero, far, x);
}

/**
 * log(1 + x), which near 0 is x log(u) / (u - 1) with u = 1 + x as it is rounded: the quotient makes up for the rounding
 * (W. Kahan; D. Goldberg, What Every Computer Scientist Should Know About Floating-Point Arithmetic, theorem 4).
 */
function log1p(r: Recorder, x: tf.TensorInfo): tf.TensorInfo {
  const sum = node(r, 'Add', [x, scalar(r, 1)], x);
  const log = node(r, 'Log', [sum], x);
  const rounded = node(r, 'Sub', [sum, scalar(r, 1)], x);
  const nearZero = node(r, 'Div', [node(r, 'Mul', [x, log], x), rounded], x);
  const small = where(r, test(r, 'Equal', [rounded, scalar(r, 0)], x), x, nearZero, x);
  return where(r, test(r, 'Less', [node(r, 'Abs', [x], x), scalar(r, 0.5)], x), small, log, x);
}

/** Returns a tensor in another type. A NaN becomes the whole number 0, as in TF.js. */
function convert(r: Recorder, x: tf.TensorInfo, dtype: tf.DataType): tf.TensorInfo {
  if (x.dtype !== 'float32' || dtype !== 'int32') return cast(r, x, dtype);
  const number = where(r, test(r, 'IsNaN', [x], x), scalar(r, 0), x, x);
  return node(r, 'Cast', [number], { shape: x.shape, dtype, attributes: { to: ONNX_TYPES[elementType(dtype)] } });
}

function ofNumbers(rule: SingleRule): SingleRule {
  return (r, inputs, attributes) => {
    refuseBooleans(r, inputs.x);
    return rule(r, inputs, attributes);
  };
}
