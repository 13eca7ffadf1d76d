/** Parts of tensors, and tensors with something around them. */
import * as tf from '@tensorflow/tfjs-core';
import type { Emitted, Recorder } from '../recorder.ts';
import { axisOf, node, type Rules, reshaped, scalar } from './rule.ts';

/** An end before the first element, where elements are taken from the last to the first. */
const BEFORE_FIRST = -(2 ** 31);

export const SLICES: Rules = {
  Slice: (r, { x }, { begin, size }) => {
    const [starts, sizes] = tf.slice_util.parseSliceParams(x as tf.Tensor, begin as number[], size as number[]) as [
      number[],
      number[],
    ];
    return sliced(r, x, starts, sizes);
  },
  StridedSlice: (r, { x }, attributes) => {
    const masks = ['beginMask', 'endMask', 'ellipsisMask', 'newAxisMask', 'shrinkAxisMask'];
    const [begin, end, strides] = ['begin', 'end', 'strides'].map((name) => attributes[name] as number[]);
    const info = tf.slice_util.sliceInfo(
      x.shape,
      begin as number[],
      end as number[],
      strides as number[],
      ...(masks.map((name) => attributes[name] as number) as [number, number, number, number, number]),
    );
    return reshaped(r, stridedSlice(r, x, info), info.finalShape);
  },
  Reverse: (r, { x }, { dims }) => reversed(r, x, tf.util.parseAxisParam(dims as number[], x.shape)),
  SplitV: (r, { x }, { numOrSizeSplits, axis }) => {
    const at = axisOf(axis, x.shape);
    return split(r, x, tf.backend_util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits as number | number[], at), at);
  },
  Unpack: (r, { value }, { axis }) => {
    const at = axisOf(axis, value.shape);
    const sizes = new Array<number>(value.shape[at] as number).fill(1);
    return split(r, value, sizes, at).map((part) => reshaped(r, part, value.shape.toSpliced(at, 1)));
  },
  PadV2: (r, { x }, { paddings, constantValue }) => {
    const pads = paddings as [number, number][];
    const shape = x.shape.map((size, i) => size + (pads[i]?.[0] ?? 0) + (pads[i]?.[1] ?? 0));
    const amounts = r.dimensions([...pads.map(([before]) => before), ...pads.map(([, after]) => after)]);
    return node(r, 'Pad', [x, amounts, scalar(r, constantValue as number, x.dtype)], { shape, dtype: x.dtype });
  },
  MirrorPad: (r, { x }, { paddings, mode }) =>
    (paddings as [number, number][]).reduce((padded, [before, after], axis) => {
      const length = x.shape[axis] as number;
      // The mirror is on the first element, or between it and the padding.
      const inside = mode === 'reflect' ? 1 : 0;
      const mirrored = (from: number, size: number) =>
        size === 0 ? [] : [reversed(r, along(r, padded, axis, from, size), [axis])];
      const parts = [...mirrored(inside, before), padded, ...mirrored(length - inside - after, after)];
      if (parts.length === 1) return padded;
      const shape = padded.shape.with(axis, before + length + after);
      return node(r, 'Concat', parts, { shape, dtype: x.dtype, attributes: { axis } });
    }, x),
};

/** Returns the part of a tensor that begins at the starts and has the sizes. */
export function sliced(
  r: Recorder,
  x: tf.TensorInfo,
  starts: readonly number[],
  sizes: readonly number[],
): tf.TensorInfo {
  const ends = starts.map((start, i) => start + (sizes[i] as number));
  return node(r, 'Slice', [x, r.dimensions(starts), r.dimensions(ends)], { shape: sizes, dtype: x.dtype });
}

/** Returns a tensor with the order of its elements turned along axes. */
export function reversed(r: Recorder, x: tf.TensorInfo, axes: readonly number[]): tf.TensorInfo {
  if (axes.length === 0) return r.alias(x);
  const [starts, ends, steps] = [-1, BEFORE_FIRST, -1].map((value) => r.dimensions(axes.map(() => value)));
  return node(r, 'Slice', [x, starts, ends, r.dimensions(axes), steps] as string[], x);
}

function along(r: Recorder, x: tf.TensorInfo, axis: number, from: number, size: number): tf.TensorInfo {
  return sliced(r, x, x.shape.map(() => 0).with(axis, from), x.shape.with(axis, size));
}

function split(r: Recorder, x: tf.TensorInfo, sizes: readonly number[], axis: number): tf.TensorInfo[] {
  const parts = takenApart(r, x, sizes, axis);
  if (parts !== null) return parts;
  const results = sizes.map((size): Emitted => ({ shape: x.shape.with(axis, size), dtype: x.dtype }));
  return r.emitMany('Split', [r.nameOf(x), r.dimensions(sizes)], results, { axis });
}

/**
 * Returns the parts of tensors that were put side by side and are split between them again, without a split: scoring
 * then sees which part depends on which inputs. `null` where another node made the tensor, or it is split elsewhere.
 */
function takenApart(r: Recorder, x: tf.TensorInfo, sizes: readonly number[], axis: number): tf.TensorInfo[] | null {
  const maker = r.nodeOf(r.nameOf(x));
  if (maker?.op !== 'Concat' || maker.attributes.axis !== axis) return null;
  const parts = sizes.map((): tf.TensorInfo[] => []);
  let [part, left] = [0, sizes[0] as number];
  for (const name of maker.inputs) {
    const operand = r.tensorOf(name);
    if (left === 0) left = sizes[++part] ?? 0;
    if (operand === undefined || (operand.shape[axis] as number) > left) return null;
    left -= operand.shape[axis] as number;
    parts[part]?.push(operand);
  }
  if (parts.some((own) => own.length === 0)) return null;
  return parts.map((own, i) =>
    own.length === 1
      ? r.alias(own[0] as tf.TensorInfo)
      : node(r, 'Concat', own, { shape: x.shape.with(axis, sizes[i] as number), dtype: x.dtype, attributes: { axis } }),
  );
}

function stridedSlice(
  r: Recorder,
  x: tf.TensorInfo,
  { begin, end, strides }: { begin: number[]; end: number[]; strides: number[] },
): tf.TensorInfo {
  const shape = tf.slice_util.computeOutShape(begin, end, strides);
  const ends = end.map((last, i) => ((strides[i] as number) < 0 && last < 0 ? BEFORE_FIRST : last));
  const axes = x.shape.map((_, i) => i);
  const lists = [begin, ends, axes, strides].map((list) => r.dimensions(list));
  return node(r, 'Slice', [x, ...lists], { shape, dtype: x.dtype });
}
