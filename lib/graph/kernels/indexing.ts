/** Elements chosen by indices: gathering, scattering, ranking. */
import * as tf from '@tensorflow/tfjs-core';
import { ONNX_TYPES } from '../graph.ts';
import type { Recorder } from '../recorder.ts';
import { indicesName, positionsName } from './indices.ts';
import {
  axisOf,
  broadcasting,
  cast,
  filled,
  node,
  numeric,
  type Rules,
  reshaped,
  scalar,
  test,
  where,
} from './rule.ts';
import { transposed } from './shapes.ts';
import { sliced } from './slices.ts';

export const INDEXING: Rules = {
  GatherV2: (r, { x, indices }, { axis, batchDims }) => {
    const at = axisOf(axis, x.shape);
    return batchDims ? gatherInBatch(r, x, indices, at, batchDims as number) : gather(r, x, indices, at);
  },
  GatherNd: (r, { params, indices }) => {
    const depth = indices.shape.at(-1) as number;
    const shape = [...indices.shape.slice(0, -1), ...params.shape.slice(depth)];
    const positions = positionsName(r, indices, params.shape.slice(0, depth));
    return node(r, 'GatherND', [params, positions], { shape, dtype: params.dtype });
  },
  /** Adds the updates to zeros; those of the same position are added up. */
  ScatterNd: (r, { indices, updates }, { shape }) => {
    const zeros = filled(r, shape as number[], 0, updates.dtype);
    return scatter(r, zeros, indices, updates, { reduction: 'add' });
  },
  TensorScatterUpdate: (r, { tensor, indices, updates }) => scatter(r, tensor, indices, updates),
  SparseToDense: (r, { sparseIndices, sparseValues, defaultValue }, { outputShape }) => {
    const shape = outputShape as number[];
    const { dtype } = sparseValues;
    const start = node(r, 'Expand', [cast(r, defaultValue, dtype), r.dimensions(shape)], { shape, dtype });
    const indices = asPositions(r, sparseIndices);
    const count = indices.shape[0] as number;
    const values = node(r, 'Expand', [sparseValues, r.dimensions([count])], { shape: [count], dtype });
    return scatter(r, start, indices, values);
  },
  /** Adds up the rows of equal segments; ScatterND adds the rows to zeros in their order. */
  UnsortedSegmentSum: (r, { x, segmentIds }, { numSegments }) => {
    const rows = numeric(r, x);
    const shape = x.shape.with(0, numSegments as number);
    const [ids, kept] = r.isInt64(segmentIds)
      ? [segmentIds, rows]
      : withoutOthers(r, segmentIds, numSegments as number, rows);
    const zeros = node(r, 'Expand', [scalar(r, 0, rows.dtype), r.dimensions(shape)], { shape, dtype: rows.dtype });
    const indices = positionsName(r, reshaped(r, ids, [x.shape[0] as number, 1]), [numSegments as number]);
    return node(r, 'ScatterND', [zeros, indices, kept], { ...zeros, attributes: { reduction: 'add' } });
  },
  /** TF.js has `offValue` where an index is outside, ONNX counts negative ones from the end. */
  OneHot: (r, { indices }, { depth, onValue, offValue, dtype }) => {
    const shape = [...indices.shape, depth as number];
    const type = dtype as tf.DataType;
    const positions = r.constant([...Array(depth as number).keys()], [depth as number], 'int32');
    const isOn = test(r, 'Equal', [reshaped(r, indices, [...indices.shape, 1]), positions], { shape });
    const values = [onValue, offValue].map((value) => scalar(r, value as number, type === 'bool' ? 'int32' : type));
    const chosen = node(r, 'Where', [isOn, ...values], { shape, dtype: type === 'bool' ? 'int32' : type });
    return cast(r, chosen, type);
  },
  TopK: (r, { x }, { k }) => topK(r, x, k as number),
  /** Counts the elements of each sorted row that are below a value, or not above it. */
  SearchSorted: (r, { sortedSequence, values }, { side }) => {
    const [rows, length] = sortedSequence.shape as [number, number];
    const sought = values.shape[1] as number;
    const [sorted, each] = [reshaped(r, sortedSequence, [rows, 1, length]), reshaped(r, values, [rows, sought, 1])];
    const isBefore = broadcasting(r, side === 'left' ? 'Less' : 'LessOrEqual', sorted, each, 'bool');
    const ones = r.nameOf(cast(r, isBefore, 'int32'));
    return r.emit('ReduceSum', [ones, r.dimensions([2])], {
      shape: [rows, sought],
      dtype: 'int32',
      attributes: { keepdims: 0 },
    });
  },
};

function gather(r: Recorder, x: tf.TensorInfo, indices: tf.TensorInfo, axis: number): tf.TensorInfo {
  const shape = x.shape.toSpliced(axis, 1, ...indices.shape);
  const names = [r.nameOf(x), indicesName(r, indices, x.shape[axis] as number)];
  return r.emit('Gather', names, { shape, dtype: x.dtype, attributes: { axis } });
}

/** Gathers along an axis, by indices of its own for each element of the first axes, which both tensors have. */
function gatherInBatch(
  r: Recorder,
  x: tf.TensorInfo,
  indices: tf.TensorInfo,
  axis: number,
  batchDims: number,
): tf.TensorInfo {
  const axes = x.shape.map((_, i) => i);
  // GatherND chooses along the first axis after those of the batch.
  const forward = [...axes.slice(0, batchDims), axis, ...axes.slice(batchDims).filter((i) => i !== axis)];
  const moved = axis === batchDims ? x : transposed(r, x, forward);
  const positions = reshaped(r, indices, [...indices.shape, 1]);
  const shape = [...indices.shape, ...moved.shape.slice(batchDims + 1)];
  const names = [moved, positionsName(r, positions, [x.shape[axis] as number])];
  const gathered = node(r, 'GatherND', names, { shape, dtype: x.dtype, attributes: { batch_dims: batchDims } });
  if (axis === batchDims) return gathered;
  const chosen = indices.shape.length - batchDims;
  const between = axis - batchDims;
  const result = shape.map((_, i) => i);
  const [batch, ofIndices] = [result.slice(0, batchDims), result.slice(batchDims, batchDims + chosen)];
  const rest = result.slice(batchDims + chosen);
  return transposed(r, gathered, [...batch, ...rest.slice(0, between), ...ofIndices, ...rest.slice(between)]);
}

function scatter(
  r: Recorder,
  into: tf.TensorInfo,
  indices: tf.TensorInfo,
  updates: tf.TensorInfo,
  attributes: Readonly<Record<string, string>> = {},
): tf.TensorInfo {
  const positions = asPositions(r, indices);
  const depth = positions.shape.at(-1) as number;
  const name = positionsName(r, positions, into.shape.slice(0, depth));
  return node(r, 'ScatterND', [into, name, updates], { shape: into.shape, dtype: into.dtype, attributes });
}

/** The largest elements of each row, and their positions. onnxruntime ends the process where there are no rows. */
function topK(r: Recorder, x: tf.TensorInfo, k: number): tf.TensorInfo[] {
  const [outer, length] = [x.shape.slice(0, -1), x.shape.at(-1) as number];
  const rows = tf.util.sizeFromShape(outer);
  const like = { shape: [rows + 1, length], dtype: x.dtype, attributes: { axis: 0 } };
  const withRow = node(r, 'Concat', [reshaped(r, x, [rows, length]), filled(r, [1, length], 0, x.dtype)], like);
  const values = { shape: [rows + 1, k], dtype: x.dtype };
  const results = [values, { shape: values.shape, dtype: 'int32', isInt64: true } as const];
  return r
    .emitMany('TopK', [r.nameOf(withRow), r.dimensions([k])], results, { axis: -1, largest: 1, sorted: 1 })
    .map((result) => reshaped(r, sliced(r, result, [0, 0], [rows, k]), [...outer, k]));
}

/** Returns indices along one axis as positions [count, 1]. */
function asPositions(r: Recorder, indices: tf.TensorInfo): tf.TensorInfo {
  return indices.shape.length > 1 ? indices : reshaped(r, indices, [indices.shape[0] ?? 1, 1]);
}

/** Replaces the rows of no segment by zeros, in segment 0: TF.js leaves them out. */
function withoutOthers(
  r: Recorder,
  segmentIds: tf.TensorInfo,
  segments: number,
  rows: tf.TensorInfo,
): [ids: tf.TensorInfo, rows: tf.TensorInfo] {
  // The number of segments may be open.
  const bound = r.emit('Cast', [r.dimensions([segments])], {
    shape: [1],
    dtype: 'int32',
    attributes: { to: ONNX_TYPES.int32 },
  });
  const isOfOne = test(
    r,
    'And',
    [
      test(r, 'GreaterOrEqual', [segmentIds, scalar(r, 0, 'int32')], segmentIds),
      test(r, 'Less', [segmentIds, bound], segmentIds),
    ],
    segmentIds,
  );
  const ofRow = reshaped(r, isOfOne, [...segmentIds.shape, ...rows.shape.slice(1).map(() => 1)]);
  return [
    where(r, isOfOne, segmentIds, scalar(r, 0, 'int32'), segmentIds),
    where(r, ofRow, rows, scalar(r, 0, rows.dtype), rows),
  ];
}
