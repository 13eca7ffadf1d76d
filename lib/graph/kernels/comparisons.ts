/** Comparisons, logic, and the choice between two tensors. */
import * as tf from '@tensorflow/tfjs-core';
import type { Recorder } from '../recorder.ts';
import {
  binary,
  broadcasting,
  cast,
  node,
  numeric,
  operand,
  type Rules,
  type SingleRule,
  scalar,
  test,
} from './rule.ts';

export const COMPARISONS: Rules = {
  Equal: binary('Equal', 'bool'),
  Greater: order('Greater'),
  GreaterEqual: order('GreaterOrEqual'),
  Less: order('Less'),
  LessEqual: order('LessOrEqual'),
  NotEqual: (r, { a, b }) => {
    const equal = broadcasting(r, 'Equal', a, b, 'bool');
    return node(r, 'Not', [equal], equal);
  },
  LogicalAnd: binary('And', 'bool'),
  LogicalOr: binary('Or', 'bool'),
  LogicalNot: (r, { x }) => node(r, 'Not', [x], x),
  IsNan: (r, { x }) => test(r, 'IsNaN', [cast(r, x, 'float32')], x),
  IsInf: (r, { x }) => test(r, 'IsInf', [cast(r, x, 'float32')], x),
  IsFinite: (r, { x }) => {
    const size = node(r, 'Abs', [cast(r, x, 'float32')], { shape: x.shape, dtype: 'float32' });
    return test(r, 'Less', [size, scalar(r, Number.POSITIVE_INFINITY)], x);
  },
  Select: (r, { condition, t, e }) => {
    const dtype = tf.upcastType(t.dtype, e.dtype);
    if (dtype === 'bool') return chosenBooleans(r, condition, t, e);
    const { shape } = condition;
    const names = [t, e].map((x) => operand(r, cast(r, x, dtype), shape, shape));
    return node(r, 'Where', [condition, ...names], { shape: t.shape, dtype });
  },
};

/** ONNX compares no booleans by their order. */
function order(op: string): SingleRule {
  return (r, { a, b }) => broadcasting(r, op, numeric(r, a), numeric(r, b), 'bool');
}

/** onnxruntime chooses between no booleans. */
function chosenBooleans(r: Recorder, condition: tf.TensorInfo, t: tf.TensorInfo, e: tf.TensorInfo): tf.TensorInfo {
  const [chosen, otherwise] = [
    node(r, 'And', [condition, t], t),
    node(r, 'And', [node(r, 'Not', [condition], condition), e], e),
  ];
  return node(r, 'Or', [chosen, otherwise] as tf.TensorInfo[], t);
}
