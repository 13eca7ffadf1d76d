/** Arithmetic of two tensors, which broadcast. */
import type * as tf from '@tensorflow/tfjs-core';
import { ONNX_TYPES } from '../graph.ts';
import type { Recorder } from '../recorder.ts';
import {
  binary,
  broadcasting,
  node,
  type Rules,
  refuseBooleans,
  type SingleRule,
  scalar,
  test,
  where,
} from './rule.ts';

/** `TensorProto.DOUBLE`. Only operators between two casts compute in it. */
const DOUBLE = 11;

export const ARITHMETIC: Rules = {
  Add: ofNumbers(binary('Add')),
  AddN: (r, inputs) =>
    (Object.values(inputs) as tf.TensorInfo[]).reduce((sum, one) => broadcasting(r, 'Add', sum, one, sum.dtype)),
  Sub: ofNumbers(binary('Sub')),
  Multiply: (r, { a, b }) => broadcasting(r, a.dtype === 'bool' ? 'And' : 'Mul', a, b, a.dtype),
  RealDiv: ofNumbers(binary('Div')),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Pow: ofNumbers(binary('Pow')),
  SquaredDifference: (r, { a, b }) => {
    const difference = broadcasting(r, 'Sub', a, b, a.dtype);
    return node(r, 'Mul', [difference, difference], difference);
  },
  FloorDiv: (r, { a, b }) => floorDivide(r, a, b),
  Mod: (r, { a, b }) => (a.dtype === 'float32' ? floatModulo(r, a, b) : intModulo(r, a, b)),
  Atan2: (r, { a, b }) => angle(r, a, b),
};

function ofNumbers(rule: SingleRule): SingleRule {
  return (r, inputs, attributes) => {
    refuseBooleans(r, inputs.a, inputs.b);
    return rule(r, inputs, attributes);
  };
}

/** floor(a / b) as int32, and 0 where it is no number or too large, as in TF.js. */
function floorDivide(r: Recorder, a: tf.TensorInfo, b: tf.TensorInfo): tf.TensorInfo {
  // A quotient of two float32 or int32 numbers, rounded to float32, may reach the next whole number.
  const quotient = broadcasting(r, 'Div', inDouble(r, a), inDouble(r, b), 'float32');
  const floor = node(r, 'Floor', [quotient], quotient);
  const isInRange = below(r, node(r, 'Abs', [inFloat(r, floor)], floor), 2 ** 31);
  const whole = node(r, 'Cast', [floor], { shape: floor.shape, dtype: 'int32', attributes: { to: ONNX_TYPES.int32 } });
  return where(r, isInRange, whole, scalar(r, 0, 'int32'), whole);
}

/** The remainder of a floored division, whose sign is that of the divisor; in double, as TF.js computes it. */
function floatModulo(r: Recorder, a: tf.TensorInfo, b: tf.TensorInfo): tf.TensorInfo {
  const [dividend, divisor] = [inDouble(r, a), inDouble(r, b)];
  const result = broadcasting(r, 'Add', dividend, divisor, 'float32');
  const truncated = { ...result, attributes: { fmod: 1 } };
  const remainder = node(r, 'Mod', [dividend, divisor], truncated);
  const shifted = node(r, 'Mod', [node(r, 'Add', [remainder, divisor], result), divisor], truncated);
  const hasOtherSign = test(r, 'Xor', [below(r, a, 0), below(r, b, 0)], result);
  return inFloat(r, where(r, hasOtherSign, shifted, remainder, result));
}

function inDouble(r: Recorder, x: tf.TensorInfo): tf.TensorInfo {
  return node(r, 'Cast', [x], { ...x, attributes: { to: DOUBLE } });
}

function inFloat(r: Recorder, x: tf.TensorInfo): tf.TensorInfo {
  return node(r, 'Cast', [x], { ...x, attributes: { to: ONNX_TYPES.float32 } });
}

/** The same of whole numbers, and 0 where the divisor is 0, which would end the process. */
function intModulo(r: Recorder, a: tf.TensorInfo, b: tf.TensorInfo): tf.TensorInfo {
  const isZero = test(r, 'Equal', [b, scalar(r, 0, 'int32')], b);
  const divisor = where(r, isZero, scalar(r, 1, 'int32'), b, b);
  // A remainder of a division by 1 is 0.
  return broadcasting(r, 'Mod', a, divisor, 'int32');
}

/** The angle of the point (b, a): the arctangent of a / b, moved by half a turn where b is negative. */
function angle(r: Recorder, a: tf.TensorInfo, b: tf.TensorInfo): tf.TensorInfo {
  const result = broadcasting(r, 'Add', a, b, 'float32');
  // Of two infinities only the signs count.
  const areInfinite = both(r, test(r, 'IsInf', [a], a), test(r, 'IsInf', [b], b), result);
  const [y, x] = [a, b].map((side) => where(r, areInfinite, node(r, 'Sign', [side], side), side, result));
  const ratio = node(r, 'Atan', [node(r, 'Div', [y, x] as tf.TensorInfo[], result)], result);
  const halfTurn = where(r, hasMinus(r, a), scalar(r, -Math.PI), scalar(r, Math.PI), a);
  const turned = where(r, hasMinus(r, b), node(r, 'Add', [ratio, halfTurn], result), ratio, result);
  // In the origin the ratio is no number.
  const isZero = both(r, ...([a, b].map((side) => test(r, 'Equal', [side, scalar(r, 0)], side)) as Pair), result);
  return where(r, isZero, where(r, hasMinus(r, b), halfTurn, scalar(r, 0), result), turned, result);
}

type Pair = [tf.TensorInfo, tf.TensorInfo];

function both(r: Recorder, a: tf.TensorInfo, b: tf.TensorInfo, { shape }: tf.TensorInfo): tf.TensorInfo {
  return test(r, 'And', [a, b], { shape });
}

/** Whether the sign is a minus, of a zero too. */
function hasMinus(r: Recorder, x: tf.TensorInfo): tf.TensorInfo {
  return test(r, 'Or', [below(r, x, 0), below(r, node(r, 'Reciprocal', [x], x), 0)], x);
}

function below(r: Recorder, x: tf.TensorInfo, bound: number): tf.TensorInfo {
  return test(r, 'Less', [x, scalar(r, bound)], x);
}
