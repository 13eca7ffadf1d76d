/**
 * Registers the gradients of TF.js's kernels, and then those that TF.js lacks, or whose own fail or are wrong in some
 * cases. The formulas that take more than a line are in `formulas.ts`.
 */
import * as tf from '@tensorflow/tfjs-core';
// Built by scripts/build.ts: the core of TF.js leaves its gradients out.
import '../gradients.js';
import {
  cumprodGradient,
  einsumGradient,
  gatherInBatchGradient,
  mirrorPadGradient,
  prodGradient,
  stridedSliceGradient,
  summedTo,
  tileGradient,
  topKGradient,
} from './formulas.ts';

type Gradients = Readonly<Record<string, () => tf.Tensor>>;
type Attributes = Readonly<Record<string, unknown>>;

/** Comparisons and positions: the result jumps, and has derivative 0 elsewhere. TF.js has no gradient for them. */
const CONSTANT_BETWEEN_JUMPS: Readonly<Record<string, readonly string[]>> = {
  All: ['x'],
  Any: ['x'],
  Equal: ['a', 'b'],
  Greater: ['a', 'b'],
  Less: ['a', 'b'],
  LessEqual: ['a', 'b'],
  LogicalAnd: ['a', 'b'],
  LogicalNot: ['x'],
  LogicalOr: ['a', 'b'],
  NotEqual: ['a', 'b'],
  SearchSorted: ['sortedSequence', 'values'],
};

for (const [kernelName, inputs] of Object.entries(CONSTANT_BETWEEN_JUMPS))
  register(kernelName, [...inputs], (_, saved) =>
    Object.fromEntries(inputs.map((name, i) => [name, () => tf.zeros((saved[i] as tf.Tensor).shape)])),
  );

// TF.js leaves the gradient of an operand that was broadcast in the shape of the result, and fails.
register('Maximum', ['a', 'b'], (dy, [a, b]) => ({
  a: () => summedTo(a, tf.mul(dy, tf.cast(tf.greaterEqual(a, b), 'float32'))),
  b: () => summedTo(b, tf.mul(dy, tf.cast(tf.less(a, b), 'float32'))),
}));
register('Minimum', ['a', 'b'], (dy, [a, b]) => ({
  a: () => summedTo(a, tf.mul(dy, tf.cast(tf.lessEqual(a, b), 'float32'))),
  b: () => summedTo(b, tf.mul(dy, tf.cast(tf.greater(a, b), 'float32'))),
}));
register('SquaredDifference', ['a', 'b'], (dy, [a, b]) => ({
  a: () => summedTo(a, tf.mul(dy, tf.mul(2, tf.sub(a, b)))),
  b: () => summedTo(b, tf.mul(dy, tf.mul(2, tf.sub(b, a)))),
}));
const ofMatMul = gradientOf('BatchMatMul');
register('BatchMatMul', ['a', 'b'], (dy, saved, attributes) => {
  const gradients = ofMatMul(dy, saved, attributes);
  return {
    a: () => summedTo(saved[0], gradients.a()),
    b: () => summedTo(saved[1], gradients.b()),
  };
});

// TF.js adds up a slice for each repetition, of which there may be as many as rows.
register('Tile', ['x'], (dy, [x], { reps }) => ({ x: () => tileGradient(dy, x.shape, reps as number[]) }));

// TF.js turns the axes of the result once more than the kernel does, unless the axis is the last.
register('Cumsum', ['x'], (dy, _, { axis, exclusive, reverse }) => ({
  x: () => tf.cumsum(dy, axis as number, exclusive as boolean, !reverse),
}));

// TF.js has no gradient of cumprod.
register('Cumprod', ['x'], (dy, [x], { axis, exclusive, reverse }) => ({
  x: () => cumprodGradient(dy, x, axis as number, { isExclusive: Boolean(exclusive), isReverse: Boolean(reverse) }),
}));

// TF.js takes a negative axis for another, and calls methods of tensors that its core leaves out.
register('Prod', ['x'], (dy, [x], { axis }) => ({
  x: () => prodGradient(dy, x, tf.util.parseAxisParam(axis as number | number[], x.shape)),
}));

// TF.js leaves out the elements of the padding, which are copies of others.
register('MirrorPad', ['x'], (dy, [x], { paddings, mode }) => ({
  x: () => mirrorPadGradient(dy, x.shape, paddings as [number, number][], mode === 'reflect'),
}));

// TF.js returns the indices themselves as the gradient by them, whose type is another, and gathers each row alone.
const ofGather = gradientOf('GatherV2');
register('GatherV2', ['x', 'indices'], (dy, [x, indices], { axis, batchDims }) => ({
  x: () => {
    const at = tf.util.parseAxisParam(axis as number, x.shape)[0] as number;
    return batchDims
      ? gatherInBatchGradient(dy, x, indices, at, batchDims as number)
      : ofGather(dy, [x, indices], { axis: at, batchDims }).x();
  },
  indices: () => tf.zeros(indices.shape),
}));
register('GatherNd', ['params', 'indices'], (dy, [params, indices]) => ({
  params: () => tf.scatterND(indices, dy, params.shape),
  indices: () => tf.zeros(indices.shape),
}));
register('ScatterNd', ['indices'], (dy, [indices]) => ({
  updates: () => tf.gatherND(dy, indices),
  indices: () => tf.zeros(indices.shape),
}));
register('TensorScatterUpdate', ['indices', 'updates'], (dy, [indices, updates]) => ({
  tensor: () => tf.where(tf.greater(tf.scatterND(indices, tf.onesLike(updates), dy.shape), 0), tf.zerosLike(dy), dy),
  updates: () => tf.gatherND(dy, indices),
  indices: () => tf.zeros(indices.shape),
}));
tf.registerGradient({
  kernelName: 'TopK',
  inputsToSave: ['x'],
  outputsToSave: [false, true],
  gradFunc: (dys, saved) => {
    const [x, indices] = saved as [tf.Tensor, tf.Tensor];
    const dy = (dys as tf.Tensor[])[0] as tf.Tensor;
    return { x: () => topKGradient(dy, x.shape, indices) };
  },
});

// TF.js has no gradient of stridedSlice and einsum.
register('StridedSlice', ['x'], (dy, [x], attributes) => ({ x: () => stridedSliceGradient(dy, x.shape, attributes) }));

tf.registerGradient({
  kernelName: 'Einsum',
  saveAllInputs: true,
  gradFunc: (dy, saved, { equation }) =>
    Object.fromEntries(saved.map((_, i) => [i, () => einsumGradient(dy as tf.Tensor, saved, equation as string, i)])),
});

type Saved = readonly [tf.Tensor, tf.Tensor, ...tf.Tensor[]];

function register(
  kernelName: string,
  inputsToSave: string[],
  gradients: (dy: tf.Tensor, saved: Saved, attributes: Attributes) => Gradients,
): void {
  tf.registerGradient({
    kernelName,
    inputsToSave,
    gradFunc: (dy, saved, attributes) =>
      gradients(dy as tf.Tensor, saved as unknown as Saved, attributes as Attributes),
  });
}

/** Returns the gradient that TF.js itself has for a kernel. */
function gradientOf(kernelName: string) {
  const { gradFunc } = tf.getGradient(kernelName);
  return (dy: tf.Tensor, saved: readonly tf.Tensor[], attributes: Attributes) =>
    gradFunc(dy, [...saved], attributes as tf.NamedAttrMap) as Readonly<Record<'a' | 'b' | 'x', () => tf.Tensor>>;
}
