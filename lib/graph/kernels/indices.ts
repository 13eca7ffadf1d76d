/** Indices into tensors. TF.js refuses those outside; ONNX counts negative ones from the end. */
import type * as tf from '@tensorflow/tfjs-core';
import { ONNX_TYPES } from '../graph.ts';
import { type Recorder, UntraceableError } from '../recorder.ts';
import { node, scalar, test, where } from './rule.ts';

/** An index outside every tensor: onnxruntime ends a run that uses it with an error. */
const OUTSIDE = 2 ** 31 - 1;

/** Operators whose outputs are never negative where none of their first `inputs` inputs is. */
const KEEP_SIGN: Readonly<Record<string, number>> = {
  Add: 2,
  Mul: 2,
  Min: 2,
  ReduceSum: 1,
  Cast: 1,
  Reshape: 1,
  Expand: 1,
  Transpose: 1,
  Slice: 1,
  Gather: 1,
};
const NEVER_NEGATIVE = new Set(['ArgMax', 'ArgMin', 'TopK', 'Not', 'Greater', 'Less', 'Equal', 'And', 'Or']);

/**
 * Returns the name of indices along an axis of the given size, as int32 or int64. Where they may be negative, negative
 * ones are replaced by one outside, which fails when the graph runs, as it does in TF.js.
 * @throws {UntraceableError} if the indices are constants, and one of them is outside.
 */
export function indicesName(r: Recorder, indices: tf.TensorInfo, size: number): string {
  const values = r.valuesOf(indices);
  const wrong = values?.find((value: number | bigint) => !(Number(value) >= 0 && Number(value) < size));
  if (wrong !== undefined)
    throw new UntraceableError(`kernel ${r.kernel} has an index outside 0 to ${size - 1}: ${wrong}`);
  if (values !== undefined || r.isInt64(indices) || isNeverNegative(r, r.nameOf(indices))) return r.rawNameOf(indices);
  const isNegative = test(r, 'Less', [indices, scalar(r, 0, 'int32')], indices);
  return r.nameOf(where(r, isNegative, scalar(r, OUTSIDE, 'int32'), indices, indices));
}

/** The same of indices [..., axes], each of which is a position along the first axes of a tensor; as int64. */
export function positionsName(r: Recorder, indices: tf.TensorInfo, shape: readonly number[]): string {
  return asInt64(r, indicesName(r, indices, Math.max(...shape)), indices);
}

/** Returns the name of a value as int64, which some operators require of indices. */
function asInt64(r: Recorder, name: string, indices: tf.TensorInfo): string {
  if (r.isInt64(indices)) return name;
  return r.rawNameOf(node(r, 'Cast', [name], { ...indices, attributes: { to: ONNX_TYPES.int64 } }));
}

/** Returns whether the nodes before a value rule out that an element of it is negative. */
function isNeverNegative(r: Recorder, name: string): boolean {
  const constant = r.constantOf(name);
  if (constant !== undefined) return constant.every((value: number | bigint) => value >= 0);
  const maker = r.nodeOf(name);
  if (maker === undefined) return false;
  if (NEVER_NEGATIVE.has(maker.op)) return true;
  const checked = KEEP_SIGN[maker.op];
  return checked !== undefined && maker.inputs.slice(0, checked).every((input) => isNeverNegative(r, input));
}
