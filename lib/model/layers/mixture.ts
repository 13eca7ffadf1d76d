import * as tf from '@tensorflow/tfjs-core';
import { type DenseShape, dense } from './dense.ts';
import type { Layer, LayerInput } from './layer.ts';

/** The gate of a mixture of experts: which of how many experts it weighs, by the columns that it reads. */
export interface GateShape extends Pick<DenseShape, 'name' | 'inputs' | 'columns'> {
  readonly experts: number;
}

/**
 * Returns the gate of a mixture of experts (MMoE, KDD 2018, doi 10.1145/3219819.3220007): a softmax of its input,
 * [batch, experts].
 */
export function gate({ experts, ...shape }: GateShape): Layer {
  const scores = dense({ ...shape, units: experts, bias: null });
  return {
    ...scores,
    apply: (x: LayerInput, parameters) => tf.softmax(scores.apply(x, parameters) as tf.Tensor2D),
  };
}

/**
 * Returns the sum [batch, units] of the experts' matrices, weighted by the columns of a gate [batch, experts]. Because the
 * weights add up to 1, it is the first expert and the weighted differences of the others from it; the gradient by the
 * gate, which depends on these differences alone, then does not lose its digits to what the experts have in common.
 */
export function mixture(weights: tf.Tensor, experts: readonly tf.Tensor[]): tf.Tensor {
  const first = experts[0] as tf.Tensor;
  // TF.js cannot differentiate a split into one.
  const columns = experts.length === 1 ? [weights] : tf.split(weights, experts.length, 1);
  const terms = experts.map((expert, i) => tf.mul(tf.sub(expert, first), columns[i] as tf.Tensor));
  return terms.reduce((a, b) => tf.add(a, b), first);
}
