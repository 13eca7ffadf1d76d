/** The same elements in another shape or order, repeated, or beside those of other tensors; and constants. */
import * as tf from '@tensorflow/tfjs-core';
import type { Recorder } from '../recorder.ts';
import { axisOf, cast, filled, node, type Rules, reshaped } from './rule.ts';

export const SHAPES: Rules = {
  Reshape: (r, { x }, { shape }) =>
    reshaped(r, x, tf.util.inferFromImplicitShape(shape as number[], tf.util.sizeFromShape(x.shape))),
  ExpandDims: (r, { input }, { dim }) => {
    const axis = dim as number;
    return reshaped(r, input, input.shape.toSpliced(axis < 0 ? axis + input.shape.length + 1 : axis, 0, 1));
  },
  Transpose: (r, { x }, { perm }) => transposed(r, x, perm as number[]),
  Tile: (r, { x }, { reps }) => {
    const shape = x.shape.map((size, i) => size * ((reps as number[])[i] as number));
    return node(r, 'Tile', [x, r.dimensions(reps as number[])], { shape, dtype: x.dtype });
  },
  Concat: (r, inputs, { axis }) => {
    const tensors = Object.values(inputs) as tf.TensorInfo[];
    return concat(r, tensors, axisOf(axis, (tensors[0] as tf.TensorInfo).shape));
  },
  Pack: (r, inputs, { axis }) => {
    const tensors = Object.values(inputs) as tf.TensorInfo[];
    const at = (axis as number) < 0 ? (axis as number) + (tensors[0]?.shape.length ?? 0) + 1 : (axis as number);
    const expanded = tensors.map((tensor) => reshaped(r, tensor, tensor.shape.toSpliced(at, 0, 1)));
    return concat(r, expanded, at);
  },

  Fill: (r, _, { shape, value, dtype }) =>
    filled(r, shape as number[], value as number, (dtype ?? 'float32') as tf.DataType),
  ZerosLike: (r, { x }) => filled(r, x.shape, 0, x.dtype),
  OnesLike: (r, { x }) => filled(r, x.shape, 1, x.dtype),
  Range: (r, _, { start, stop, step, dtype }) =>
    constant(r, range(start as number, stop as number, step as number), dtype as tf.DataType),
  LinSpace: (r, _, { start, stop, num }) => {
    const [from, to, count] = [start as number, stop as number, num as number];
    const step = count === 1 ? 0 : (to - from) / (count - 1);
    return constant(
      r,
      Array.from({ length: count }, (__, i) => from + i * step),
      'float32',
    );
  },
};

/** Returns a tensor whose axis i is the axis order[i] of the given one. */
export function transposed(r: Recorder, x: tf.TensorInfo, order: readonly number[]): tf.TensorInfo {
  const shape = order.map((axis) => x.shape[axis] as number);
  return node(r, 'Transpose', [x], { shape, dtype: x.dtype, attributes: { perm: order } });
}

function concat(r: Recorder, tensors: readonly tf.TensorInfo[], axis: number): tf.TensorInfo {
  const { shape, dtype } = tensors[0] as tf.TensorInfo;
  const total = tensors.reduce((sum, one) => sum + (one.shape[axis] as number), 0);
  const parts = tensors.filter((one) => tf.util.sizeFromShape(one.shape) > 0);
  if (parts.length === 0) return filled(r, shape.with(axis, total), 0, dtype);
  // TF.js gives the result the type of the first, whatever the types of the others.
  const ofOneType = parts.map((part) => cast(r, part, dtype));
  const like = { shape: (parts[0] as tf.TensorInfo).shape.with(axis, total), dtype, attributes: { axis } };
  return node(r, 'Concat', ofOneType, like);
}

function range(start: number, stop: number, step: number): number[] {
  // TF.js counts down by 1 where no step is given, and 1 is its default.
  const by = stop < start && step === 1 ? -1 : step;
  const count = Math.max(0, Math.ceil((stop - start) / by));
  return Array.from({ length: count }, (_, i) => start + i * by);
}

function constant(r: Recorder, values: readonly number[], dtype: tf.DataType): tf.TensorInfo {
  const shape = [values.length];
  return { dataId: r.write(Float32Array.from(values), shape, dtype), shape, dtype };
}
