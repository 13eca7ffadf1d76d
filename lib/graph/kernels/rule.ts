/** What a tracing rule is, and the building blocks of rules. */
import * as tf from '@tensorflow/tfjs-core';
import { ONNX_TYPES } from '../graph.ts';
import { type Emitted, elementType, type Recorder, UntraceableError } from '../recorder.ts';

type Info = tf.TensorInfo;

/** The inputs of a kernel by their names in TF.js. Each kernel has some of them; only those marked can be left out. */
export interface KernelInputs {
  readonly x: Info;
  readonly a: Info;
  readonly b: Info;
  readonly input: Info;
  readonly value: Info;
  readonly condition: Info;
  readonly t: Info;
  readonly e: Info;
  readonly dy: Info;
  readonly y: Info;
  readonly alpha: Info;
  readonly logits: Info;
  readonly mean: Info;
  readonly variance: Info;
  readonly scale?: Info;
  readonly offset?: Info;
  readonly bias?: Info;
  readonly preluActivationWeights?: Info;
  readonly indices: Info;
  readonly params: Info;
  readonly updates: Info;
  readonly tensor: Info;
  readonly segmentIds: Info;
  readonly sortedSequence: Info;
  readonly values: Info;
  readonly sparseIndices: Info;
  readonly sparseValues: Info;
  readonly defaultValue: Info;
}

/** The attributes of a kernel by their names in TF.js. Each kernel has some of them. */
export type Attributes = Readonly<Record<string, unknown>>;

/** Appends the nodes that compute a kernel, and returns its outputs. */
export type Rule = (r: Recorder, inputs: KernelInputs, attributes: Attributes) => Info | Info[];

/** A rule of a kernel with one output. */
export type SingleRule = (r: Recorder, inputs: KernelInputs, attributes: Attributes) => Info;

/** Rules by the name of their kernel. */
export type Rules = Readonly<Record<string, Rule>>;

/** An operand of a node: a tensor, or the name of a value. */
export type Operand = Info | string;

/** Appends a node whose output has the shape and type of `like`, and returns the output. */
export function node(r: Recorder, op: string, operands: readonly Operand[], like: Emitted): Info {
  const names = operands.map((operand) => (typeof operand === 'string' ? operand : r.nameOf(operand)));
  return r.emit(op, names, { shape: like.shape, dtype: like.dtype, attributes: like.attributes ?? {} });
}

/** Appends operators of one input one after the other, and returns the output of the last. */
export function chain(r: Recorder, x: Info, ops: readonly string[]): Info {
  return ops.reduce((value, op) => node(r, op, [value], value), x);
}

/** Appends the operator that takes `chosen` where a condition holds and `otherwise` elsewhere. */
export function where(r: Recorder, condition: Info, chosen: Operand, otherwise: Operand, like: Emitted): Info {
  return node(r, 'Where', [condition, chosen, otherwise], like);
}

/** Appends a comparison, or another operator whose output is of booleans. */
export function test(r: Recorder, op: string, operands: readonly Operand[], { shape }: { shape: number[] }): Info {
  return node(r, op, operands, { shape, dtype: 'bool' });
}

/** Returns the name of a constant of no axes. */
export function scalar(r: Recorder, value: number, dtype: tf.DataType = 'float32'): string {
  return r.constant([value], [], dtype);
}

/** Returns the tensor in another type. */
export function cast(r: Recorder, x: Info, dtype: tf.DataType): Info {
  if (x.dtype === dtype) return r.alias(x);
  return node(r, 'Cast', [x], { shape: x.shape, dtype, attributes: { to: ONNX_TYPES[elementType(dtype)] } });
}

/** Returns the tensor as numbers: a tensor of booleans as int32, any other as it is. */
export function numeric(r: Recorder, x: Info): Info {
  return x.dtype === 'bool' ? cast(r, x, 'int32') : x;
}

/** Returns the tensor in another shape of as many elements. */
export function reshaped(r: Recorder, x: Info, shape: readonly number[]): Info {
  const isInt64 = r.isInt64(x);
  return r.emit('Reshape', [r.rawNameOf(x), r.dimensions(shape)], { shape, dtype: x.dtype, isInt64 });
}

/** Returns a constant whose elements are all equal. */
export function filled(r: Recorder, shape: readonly number[], value: number, dtype: tf.DataType): Info {
  const values = new Float32Array(tf.util.sizeFromShape([...shape])).fill(value);
  return { dataId: r.write(values, [...shape], dtype), shape: [...shape], dtype };
}

/** Returns the rule of a kernel that is one operator of one input, `x`. */
export function unary(op: string, dtype?: tf.DataType): SingleRule {
  return (r, { x }) => node(r, op, [x], { shape: x.shape, dtype: dtype ?? x.dtype });
}

/** Returns the rule of a kernel that is one operator of two inputs, `a` and `b`, which it broadcasts. */
export function binary(op: string, dtype?: tf.DataType): SingleRule {
  return (r, { a, b }) => broadcasting(r, op, a, b, dtype ?? a.dtype);
}

/** Appends an operator of two tensors, which it broadcasts. */
export function broadcasting(r: Recorder, op: string, a: Info, b: Info, dtype: tf.DataType): Info {
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
  return node(r, op, [operand(r, a, shape, b.shape), operand(r, b, shape, a.shape)], { shape, dtype });
}

/**
 * Returns the name of an operand of a broadcasting operator. A constant whose elements are all equal is passed as a
 * scalar where another operand has the shape of the result already.
 */
export function operand(r: Recorder, x: Info, result: readonly number[], other: readonly number[]): string {
  const hasShape = tf.util.arraysEqual([...other], [...result]);
  return (hasShape ? r.uniformNameOf(x) : null) ?? r.nameOf(x);
}

/** Returns an axis as its position from the first. */
export function axisOf(axis: unknown, shape: readonly number[]): number {
  return tf.util.parseAxisParam(axis as number, [...shape])[0] as number;
}

/** Fails on a tensor of booleans, with which TF.js computes as with numbers but calls the result booleans. */
export function refuseBooleans(r: Recorder, ...tensors: readonly Info[]): void {
  if (tensors.every(({ dtype }) => dtype === 'bool'))
    throw new UntraceableError(`kernel ${r.kernel} has no rule for booleans alone; cast them to int32 or float32`);
}
