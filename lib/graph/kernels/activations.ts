/** Activation functions, what their gradients need, and normalisation. */
import * as tf from '@tensorflow/tfjs-core';
import { type Recorder, UntraceableError } from '../recorder.ts';
import { expm1 } from './elementwise.ts';
import { broadcasting, cast, chain, node, type Rules, scalar, test, unary, where } from './rule.ts';

export const ACTIVATIONS: Rules = {
  Relu: unary('Relu'),
  Relu6: (r, { x }) => node(r, 'Clip', [x, scalar(r, 0, x.dtype), scalar(r, 6, x.dtype)], x),
  LeakyRelu: (r, { x }, { alpha }) => leakyRelu(r, cast(r, x, 'float32'), alpha as number),
  Prelu: (r, { x, alpha }) => prelu(r, x, alpha),
  Elu: (r, { x }) => where(r, isBelowZero(r, x), expm1(r, x), x, x),
  EluGrad: (r, { dy, y }) => {
    const slope = node(r, 'Add', [node(r, 'Min', [y, scalar(r, 0)], y), scalar(r, 1)], y);
    return node(r, 'Mul', [dy, slope], dy);
  },
  Selu: (r, { x }) => {
    const { SELU_SCALE, SELU_SCALEALPHA } = tf.backend_util;
    const negative = node(r, 'Mul', [expm1(r, x), scalar(r, SELU_SCALEALPHA)], x);
    return where(r, isBelowZero(r, x), negative, node(r, 'Mul', [x, scalar(r, SELU_SCALE)], x), x);
  },
  Softplus: unary('Softplus'),
  Sigmoid: (r, { x }) => sigmoid(r, x),
  Step: (r, { x }, { alpha }) => step(r, x, Number(alpha ?? 0)),

  Softmax: (r, { logits }) => node(r, 'Softmax', [logits], { ...logits, attributes: { axis: -1 } }),
  FusedBatchNorm: (r, { x, mean, variance, scale, offset }, { varianceEpsilon }) => {
    // TF.js saves the scale for the gradient, and fails where there is none.
    if (!scale && tf.engine().state.gradientDepth > 0)
      throw new UntraceableError('kernel FusedBatchNorm has no gradient without a scale: give batchNorm one of ones');
    const epsilon = scalar(r, (varianceEpsilon as number | undefined) ?? 0.001);
    const deviation = node(r, 'Sqrt', [node(r, 'Add', [variance, epsilon], variance)], variance);
    const centred = node(r, 'Sub', [x, mean], x);
    const scaled = !scale ? centred : node(r, 'Mul', [centred, scale], x);
    const normalised = node(r, 'Div', [scaled, deviation], x);
    return !offset ? normalised : node(r, 'Add', [normalised, offset], x);
  },
};

export function leakyRelu(r: Recorder, x: tf.TensorInfo, alpha: number): tf.TensorInfo {
  return node(r, 'LeakyRelu', [x], { ...x, attributes: { alpha } });
}

export function prelu(r: Recorder, x: tf.TensorInfo, alpha: tf.TensorInfo): tf.TensorInfo {
  const negative = broadcasting(r, 'Mul', x, alpha, 'float32');
  return where(r, isBelowZero(r, x), negative, x, negative);
}

/** exp(-softplus(-x)), because onnxruntime's own Sigmoid returns 0 below -18 and is wrong by 47% at -16. */
export function sigmoid(r: Recorder, x: tf.TensorInfo): tf.TensorInfo {
  return chain(r, x, ['Neg', 'Softplus', 'Neg', 'Exp']);
}

/** 1 where x > 0, else alpha. */
function step(r: Recorder, x: tf.TensorInfo, alpha: number): tf.TensorInfo {
  // The gradient of Relu takes its input. Its output is above 0 where the input is, and onnxruntime fuses a Relu with
  // the product before it only where nothing else needs the input.
  const relu = r.outputOf('Relu', r.nameOf(x));
  const above = test(r, 'Greater', [relu ?? x, scalar(r, 0)], x);
  if (relu !== undefined && alpha === 0) return cast(r, above, 'float32');
  const stepped = where(r, above, scalar(r, 1), scalar(r, alpha), { shape: x.shape, dtype: 'float32' });
  return where(r, test(r, 'IsNaN', [x], x), x, stepped, stepped);
}

function isBelowZero(r: Recorder, x: tf.TensorInfo): tf.TensorInfo {
  return test(r, 'Less', [x, scalar(r, 0)], x);
}
