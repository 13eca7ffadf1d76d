/**
 * The tracing rules: for each TF.js kernel, the ONNX operators that compute the same. A function that uses a kernel
 * without a rule cannot be traced; the error names the kernel.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Emitted, elementType, type Recorder, UntraceableError } from './recorder.ts';

type KernelInputs = Readonly<Record<string, tf.TensorInfo>>;
type Attributes = Readonly<Record<string, unknown>>;
type Rule = (r: Recorder, inputs: KernelInputs, attributes: Attributes) => tf.TensorInfo | tf.TensorInfo[];

/** Registers the rules as the kernels of a TF.js backend, which must be a `Recorder`. */
export function registerKernels(backendName: string): void {
  for (const [kernelName, rule] of Object.entries(RULES)) {
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) => {
        const recorder = backend as Recorder;
        recorder.kernel = kernelName;
        return rule(recorder, inputs as KernelInputs, (attrs ?? {}) as Attributes);
      },
    });
  }
}

/** Numbers of the element types in ONNX (`TensorProto.DataType`). */
export const ONNX_TYPES = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;

const RULES: Readonly<Record<string, Rule>> = {
  Add: binary('Add'),
  AddV2: binary('Add'),
  Sub: binary('Sub'),
  Multiply: binary('Mul'),
  RealDiv: binary('Div'),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Pow: binary('Pow'),
  SquaredDifference: (r, { a, b }) => {
    const difference = RULES.Sub?.(r, { a, b } as KernelInputs, {}) as tf.TensorInfo;
    return r.emit('Mul', [r.nameOf(difference), r.nameOf(difference)], difference);
  },

  Equal: binary('Equal', 'bool'),
  Greater: binary('Greater', 'bool'),
  GreaterEqual: binary('GreaterOrEqual', 'bool'),
  Less: binary('Less', 'bool'),
  LessEqual: binary('LessOrEqual', 'bool'),
  LogicalAnd: binary('And', 'bool'),
  LogicalOr: binary('Or', 'bool'),
  LogicalNot: unary('Not'),
  NotEqual: (r, inputs) => {
    const equal = RULES.Equal?.(r, inputs, {}) as tf.TensorInfo;
    return r.emit('Not', [r.nameOf(equal)], equal);
  },
  IsNan: unary('IsNaN', 'bool'),
  Select: (r, { condition, t, e }) =>
    r.emit('Where', [name(r, condition), operand(r, t, condition), operand(r, e, condition)], t as tf.TensorInfo),

  Abs: unary('Abs'),
  Ceil: unary('Ceil'),
  Exp: unary('Exp'),
  Floor: unary('Floor'),
  Log: unary('Log'),
  Neg: unary('Neg'),
  Reciprocal: unary('Reciprocal'),
  Relu: unary('Relu'),
  Elu: unary('Elu'),
  Sign: unary('Sign'),
  Softplus: unary('Softplus'),
  Sqrt: unary('Sqrt'),
  Tanh: unary('Tanh'),
  /** exp(-softplus(-x)), because onnxruntime's own Sigmoid returns 0 below -18 and is wrong by 47% at -16. */
  Sigmoid: (r, { x }) => chain(r, x, ['Neg', 'Softplus', 'Neg', 'Exp']),
  Square: (r, { x }) => r.emit('Mul', [name(r, x), name(r, x)], x as tf.TensorInfo),
  Rsqrt: (r, { x }) => chain(r, x, ['Sqrt', 'Reciprocal']),
  LeakyRelu: (r, { x }, { alpha }) =>
    r.emit('LeakyRelu', [name(r, x)], { ...(x as tf.TensorInfo), attributes: { alpha: alpha as number } }),
  /** 1 where x > 0, else alpha. */
  Step: (r, { x }, { alpha }) => {
    const input = x as tf.TensorInfo;
    // The gradient of Relu takes its input. Its output is above 0 where the input is, and onnxruntime fuses a Relu with
    // the product before it only where nothing else needs the input.
    const source = r.outputOf('Relu', name(r, x)) ?? name(r, x);
    const above = r.emit('Greater', [source, r.constant([0], [], 'float32')], { shape: input.shape, dtype: 'bool' });
    const otherwise = Number(alpha ?? 0);
    if (otherwise === 0) return RULES.Cast?.(r, { x: above }, { dtype: 'float32' }) as tf.TensorInfo;
    const values = [r.constant([1], [], 'float32'), r.constant([otherwise], [], 'float32')];
    return r.emit('Where', [r.nameOf(above), ...values], input);
  },
  ClipByValue: (r, { x }, { clipValueMin, clipValueMax }) => {
    const bounds = [clipValueMin, clipValueMax].map((bound) => r.constant([bound as number], [], 'float32'));
    return r.emit('Clip', [name(r, x), ...bounds], x as tf.TensorInfo);
  },
  Cast: (r, { x }, { dtype }) => {
    const input = x as tf.TensorInfo;
    if (input.dtype === dtype) return r.alias(input);
    const to = dtype as tf.DataType;
    return r.emit('Cast', [name(r, x)], {
      shape: input.shape,
      dtype: to,
      attributes: { to: ONNX_TYPES[elementType(to)] },
    });
  },
  Identity: (r, { x }) => r.alias(x as tf.TensorInfo),

  Fill: (r, _, { shape, value, dtype }) =>
    filled(r, shape as number[], value as number, (dtype ?? 'float32') as tf.DataType),
  ZerosLike: (r, { x }) => filled(r, (x as tf.TensorInfo).shape, 0, (x as tf.TensorInfo).dtype),
  OnesLike: (r, { x }) => filled(r, (x as tf.TensorInfo).shape, 1, (x as tf.TensorInfo).dtype),

  Reshape: (r, { x }, { shape }) => {
    const input = x as tf.TensorInfo;
    return reshaped(r, input, tf.util.inferFromImplicitShape(shape as number[], tf.util.sizeFromShape(input.shape)));
  },
  ExpandDims: (r, { input }, { dim }) => {
    const x = input as tf.TensorInfo;
    const axis = dim as number;
    return reshaped(r, x, x.shape.toSpliced(axis < 0 ? axis + x.shape.length + 1 : axis, 0, 1));
  },
  Transpose: (r, { x }, { perm }) => {
    const input = x as tf.TensorInfo;
    const order = perm as number[];
    const shape = order.map((axis) => input.shape[axis] as number);
    return r.emit('Transpose', [name(r, x)], { shape, dtype: input.dtype, attributes: { perm: order } });
  },
  Tile: (r, { x }, { reps }) => {
    const input = x as tf.TensorInfo;
    const shape = input.shape.map((size, i) => size * ((reps as number[])[i] as number));
    return r.emit('Tile', [name(r, x), r.dimensions(reps as number[])], { shape, dtype: input.dtype });
  },
  Concat: (r, inputs, { axis }) => {
    const parts = Object.values(inputs).filter(({ shape }) => tf.util.sizeFromShape(shape) > 0);
    const first = parts[0] as tf.TensorInfo;
    const at = tf.util.parseAxisParam(axis as number, first.shape)[0] as number;
    const total = parts.reduce((sum, { shape }) => sum + (shape[at] as number), 0);
    const shape = first.shape.with(at, total);
    return r.emit(
      'Concat',
      parts.map((part) => r.nameOf(part)),
      { shape, dtype: first.dtype, attributes: { axis: at } },
    );
  },
  Pack: (r, inputs, { axis }) => {
    const parts = Object.values(inputs);
    const at = (axis as number) < 0 ? (axis as number) + (parts[0]?.shape.length ?? 0) + 1 : (axis as number);
    const expanded = parts.map((part) => reshaped(r, part, part.shape.toSpliced(at, 0, 1)));
    return RULES.Concat?.(r, Object.fromEntries(expanded.entries()), { axis: at }) as tf.TensorInfo;
  },
  Unpack: (r, { value }, { axis }) => {
    const input = value as tf.TensorInfo;
    const at = tf.util.parseAxisParam(axis as number, input.shape)[0] as number;
    const parts = RULES.SplitV?.(r, { x: input }, { numOrSizeSplits: input.shape[at], axis: at }) as tf.TensorInfo[];
    return parts.map((part) => reshaped(r, part, input.shape.toSpliced(at, 1)));
  },
  SplitV: (r, { x }, { numOrSizeSplits, axis }) => {
    const input = x as tf.TensorInfo;
    const at = tf.util.parseAxisParam(axis as number, input.shape)[0] as number;
    const sizes = tf.backend_util.prepareSplitSize(input as tf.Tensor, numOrSizeSplits as number | number[], at);
    const results = sizes.map((size): Emitted => ({ shape: input.shape.with(at, size), dtype: input.dtype }));
    return r.emitMany('Split', [name(r, x), r.dimensions(sizes)], results, { axis: at });
  },
  Slice: (r, { x }, { begin, size }) => {
    const input = x as tf.TensorInfo;
    const [starts, sizes] = tf.slice_util.parseSliceParams(input as tf.Tensor, begin as number[], size as number[]) as [
      number[],
      number[],
    ];
    const ends = starts.map((start, i) => start + (sizes[i] as number));
    return r.emit('Slice', [name(r, x), r.dimensions(starts), r.dimensions(ends)], {
      shape: sizes,
      dtype: input.dtype,
    });
  },
  PadV2: (r, { x }, { paddings, constantValue }) => {
    const input = x as tf.TensorInfo;
    const pads = paddings as [number, number][];
    const shape = input.shape.map((size, i) => size + (pads[i]?.[0] ?? 0) + (pads[i]?.[1] ?? 0));
    const amounts = r.dimensions([...pads.map(([before]) => before), ...pads.map(([, after]) => after)]);
    return r.emit('Pad', [name(r, x), amounts, r.constant([constantValue as number], [], input.dtype)], {
      shape,
      dtype: input.dtype,
    });
  },
  GatherV2: (r, { x, indices }, { axis, batchDims }) => {
    if (batchDims !== 0) throw new UntraceableError(`kernel GatherV2 with batchDims ${batchDims} has no rule, only 0`);
    const [input, ids] = [x as tf.TensorInfo, indices as tf.TensorInfo];
    const at = tf.util.parseAxisParam(axis as number, input.shape)[0] as number;
    const shape = input.shape.toSpliced(at, 1, ...ids.shape);
    return r.emit('Gather', [name(r, x), name(r, indices)], { shape, dtype: input.dtype, attributes: { axis: at } });
  },
  /** Adds up the rows of equal segments; ScatterND adds the rows to zeros in their order. */
  UnsortedSegmentSum: (r, { x, segmentIds }, { numSegments }) => {
    const input = x as tf.TensorInfo;
    const shape = input.shape.with(0, numSegments as number);
    const zeros = r.emit('Expand', [r.constant([0], [], input.dtype), r.dimensions(shape)], {
      shape,
      dtype: input.dtype,
    });
    const indices = reshaped(r, segmentIds as tf.TensorInfo, [input.shape[0] as number, 1]);
    const inputs = [r.nameOf(zeros), r.nameOf(indices), name(r, x)];
    return r.emit('ScatterND', inputs, { shape, dtype: input.dtype, attributes: { reduction: 'add' } });
  },

  BatchMatMul: (r, { a, b }, { transposeA, transposeB }) => {
    const [left, right] = [a as tf.TensorInfo, b as tf.TensorInfo];
    if (left.shape.length !== 2 || right.shape.length !== 2) {
      throw new UntraceableError(
        `kernel BatchMatMul has a rule for two matrices only, got ranks ${left.shape.length} and ${right.shape.length}`,
      );
    }
    const shape = [left.shape[transposeA ? 1 : 0] as number, right.shape[transposeB ? 0 : 1] as number];
    // onnxruntime fuses a MatMul, but not a Gemm, with the bias that is added to its result.
    if (!transposeA && !transposeB) return r.emit('MatMul', [name(r, a), name(r, b)], { shape, dtype: 'float32' });
    const attributes = { transA: Number(transposeA), transB: Number(transposeB) };
    return r.emit('Gemm', [name(r, a), name(r, b)], { shape, dtype: 'float32', attributes });
  },
  Sum: reduction((r, x, axes, emitted) => {
    const attributes = { keepdims: 0 };
    return r.emit('ReduceSum', [r.nameOf(x), r.dimensions(axes)], { ...emitted, attributes });
  }),
  Mean: reduction((r, x, axes, emitted) =>
    r.emit('ReduceMean', [r.nameOf(x)], { ...emitted, attributes: { axes, keepdims: 0 } }),
  ),
  Max: reduction((r, x, axes, emitted) =>
    r.emit('ReduceMax', [r.nameOf(x)], { ...emitted, attributes: { axes, keepdims: 0 } }),
  ),
  Min: reduction((r, x, axes, emitted) =>
    r.emit('ReduceMin', [r.nameOf(x)], { ...emitted, attributes: { axes, keepdims: 0 } }),
  ),
  Softmax: (r, { logits }) =>
    r.emit('Softmax', [name(r, logits)], { ...(logits as tf.TensorInfo), attributes: { axis: -1 } }),
};

function unary(op: string, dtype?: tf.DataType): Rule {
  return (r, { x }) => {
    const input = x as tf.TensorInfo;
    return r.emit(op, [name(r, x)], { shape: input.shape, dtype: dtype ?? input.dtype });
  };
}

function binary(op: string, dtype?: tf.DataType): Rule {
  return (r, { a, b }) => {
    const [left, right] = [a as tf.TensorInfo, b as tf.TensorInfo];
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(left.shape, right.shape);
    return r.emit(op, [operand(r, left, { shape }, right), operand(r, right, { shape }, left)], {
      shape,
      dtype: dtype ?? left.dtype,
    });
  };
}

function chain(r: Recorder, x: tf.TensorInfo | undefined, ops: readonly string[]): tf.TensorInfo {
  return ops.reduce((value, op) => r.emit(op, [r.nameOf(value)], value), x as tf.TensorInfo);
}

function reduction(emit: (r: Recorder, x: tf.TensorInfo, axes: number[], emitted: Emitted) => tf.TensorInfo): Rule {
  return (r, { x }, { axis, reductionIndices, keepDims }) => {
    const input = x as tf.TensorInfo;
    // TF.js names the axes of Max differently.
    const axes = tf.util.parseAxisParam((axis ?? reductionIndices) as number | number[], input.shape);
    const [shape] = tf.backend_util.computeOutAndReduceShapes(input.shape, axes);
    const reduced = emit(r, input, axes, { shape, dtype: input.dtype });
    return keepDims ? reshaped(r, reduced, tf.backend_util.expandShapeToKeepDim(shape, axes)) : reduced;
  };
}

function reshaped(r: Recorder, x: tf.TensorInfo, shape: readonly number[]): tf.TensorInfo {
  return r.emit('Reshape', [r.nameOf(x), r.dimensions(shape)], { shape, dtype: x.dtype });
}

function filled(r: Recorder, shape: readonly number[], value: number, dtype: tf.DataType): tf.TensorInfo {
  const values = new Float32Array(tf.util.sizeFromShape([...shape])).fill(value);
  return { dataId: r.write(values, [...shape], dtype), shape: [...shape], dtype };
}

function name(r: Recorder, x: tf.TensorInfo | undefined): string {
  return r.nameOf(x as tf.TensorInfo);
}

/**
 * Returns the name of an operand of a broadcasting operator. A constant whose elements are all equal is passed as a
 * scalar where the other operand has the shape of the result already.
 */
function operand(
  r: Recorder,
  x: tf.TensorInfo | undefined,
  result: { shape: readonly number[] } | undefined,
  other = result,
): string {
  const hasShape = tf.util.arraysEqual([...(other?.shape ?? [])], [...(result?.shape ?? [])]);
  return (hasShape ? r.uniformNameOf(x as tf.TensorInfo) : null) ?? name(r, x);
}
