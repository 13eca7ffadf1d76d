/** Sums, extremes and running totals along axes. */
import * as tf from '@tensorflow/tfjs-core';
import type { Recorder } from '../recorder.ts';
import {
  type Attributes,
  axisOf,
  cast,
  filled,
  node,
  numeric,
  type Rules,
  reshaped,
  type SingleRule,
  scalar,
  test,
  where,
} from './rule.ts';
import { reversed, sliced } from './slices.ts';

export const REDUCTIONS: Rules = {
  Sum: (r, { x }, attributes) => sum(r, numeric(r, x), attributes),
  Mean: (r, { x }, attributes) => byAttribute(r, 'ReduceMean', cast(r, x, 'float32'), attributes),
  Max: extreme('ReduceMax'),
  Min: extreme('ReduceMin'),
  Prod: (r, { x }, attributes) => byAttribute(r, 'ReduceProd', numeric(r, x), attributes),
  /** True where none is false, and so for no elements at all. */
  All: (r, { x }, attributes) => {
    const failing = sum(r, cast(r, node(r, 'Not', [x], x), 'int32'), attributes);
    return test(r, 'Equal', [failing, scalar(r, 0, 'int32')], failing);
  },
  Any: (r, { x }, attributes) => {
    const holding = sum(r, cast(r, x, 'int32'), attributes);
    return test(r, 'Greater', [holding, scalar(r, 0, 'int32')], holding);
  },
  ArgMax: position('ArgMax'),
  ArgMin: position('ArgMin'),
  Cumsum: (r, { x }, { axis, exclusive, reverse }) => {
    const attributes = { exclusive: Number(exclusive ?? false), reverse: Number(reverse ?? false) };
    const along = scalar(r, axisOf(axis, x.shape), 'int32');
    return r.emit('CumSum', [r.nameOf(numeric(r, x)), along], { ...numericInfo(x), attributes });
  },
  Cumprod: (r, { x }, { axis, exclusive, reverse }) => {
    const at = axisOf(axis, x.shape);
    const factors = reverse ? reversed(r, numeric(r, x), [at]) : numeric(r, x);
    const products = runningProduct(r, exclusive ? shifted(r, factors, at, 1) : factors, at);
    return reverse ? reversed(r, products, [at]) : products;
  },
};

const numericInfo = ({ shape, dtype }: tf.TensorInfo) =>
  ({ shape, dtype: dtype === 'bool' ? 'int32' : dtype }) as const;

/** The axes that a kernel reduces, and the shape that is left of its input without and with them. */
function reduction(x: tf.TensorInfo, { axis, reductionIndices, keepDims }: Attributes) {
  // TF.js names the axes of Max differently.
  const axes = tf.util.parseAxisParam((axis ?? reductionIndices) as number | number[], x.shape);
  const [shape] = tf.backend_util.computeOutAndReduceShapes(x.shape, axes);
  return { axes, shape, kept: keepDims ? tf.backend_util.expandShapeToKeepDim(shape, axes) : shape };
}

/** Sums along axes, which ONNX takes as an input. */
function sum(r: Recorder, x: tf.TensorInfo, attributes: Attributes): tf.TensorInfo {
  const { axes, kept } = reduction(x, attributes);
  return keptIn(r, summed(r, x, axes), kept);
}

/** Appends the sum along axes. */
export function summed(r: Recorder, x: tf.TensorInfo, axes: readonly number[]): tf.TensorInfo {
  // ONNX takes no axes for all of them.
  if (axes.length === 0) return r.alias(x);
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  return node(r, 'ReduceSum', [x, r.dimensions(axes)], { shape, dtype: x.dtype, attributes: { keepdims: 0 } });
}

/** Reduces along axes that the operator takes as an attribute. */
function byAttribute(r: Recorder, op: string, x: tf.TensorInfo, attributes: Attributes): tf.TensorInfo {
  const { axes, shape, kept } = reduction(x, attributes);
  if (axes.length === 0) return r.alias(x);
  return keptIn(r, node(r, op, [x], { shape, dtype: x.dtype, attributes: { axes, keepdims: 0 } }), kept);
}

function keptIn(r: Recorder, reduced: tf.TensorInfo, kept: readonly number[]): tf.TensorInfo {
  return tf.util.arraysEqual(reduced.shape, [...kept]) ? reduced : reshaped(r, reduced, kept);
}

/** The largest or smallest element, or NaN where there is one: onnxruntime leaves it out of a comparison. */
function extreme(op: string): SingleRule {
  return (r, { x }, attributes) => {
    const found = byAttribute(r, op, numeric(r, x), attributes);
    if (x.dtype !== 'float32' || found.dataId === x.dataId) return cast(r, found, x.dtype);
    const missing = byAttribute(r, 'ReduceMax', cast(r, test(r, 'IsNaN', [x], x), 'int32'), attributes);
    return where(r, cast(r, missing, 'bool'), scalar(r, Number.NaN), found, found);
  };
}

/** The position of the first largest or smallest element along an axis. */
function position(op: string): SingleRule {
  return (r, { x }, { axis }) => {
    const at = axisOf(axis, x.shape);
    const shape = x.shape.toSpliced(at, 1);
    const attributes = { axis: at, keepdims: 0 };
    return r.emit(op, [r.nameOf(numeric(r, x))], { shape, dtype: 'int32', isInt64: true, attributes });
  };
}

/** Products of the first elements along an axis, in steps that multiply twice as many each (Hillis and Steele, 1986). */
function runningProduct(r: Recorder, x: tf.TensorInfo, axis: number): tf.TensorInfo {
  let products = x;
  for (let step = 1; step < (x.shape[axis] as number); step *= 2)
    products = node(r, 'Mul', [products, shifted(r, products, axis, step)], x);
  return products;
}

/** Moves elements along an axis towards its end, and fills its beginning with 1. */
function shifted(r: Recorder, x: tf.TensorInfo, axis: number, by: number): tf.TensorInfo {
  const length = x.shape[axis] as number;
  const ones = filled(r, x.shape.with(axis, Math.min(by, length)), 1, x.dtype);
  const rest = sliced(
    r,
    x,
    x.shape.map(() => 0),
    x.shape.with(axis, Math.max(0, length - by)),
  );
  return node(r, 'Concat', [ones, rest], { ...x, attributes: { axis } });
}
