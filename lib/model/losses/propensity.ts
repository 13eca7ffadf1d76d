/**
 * Inverse propensity weights: a row that reached a stage stands for all rows like it, of which a share q, its
 * propensity, reached the stage. Weighted by 1 / q, the rows that reached it are distributed as all rows are.
 *
 * The weights are clipped, 1 / max(q, floor), and self-normalised: divided by their mean over the rows, which is 1 where
 * q is right and not clipped (Swaminathan & Joachims, NeurIPS 2015). The mean over a batch is a sum over all of its rows,
 * of which each thread has some. The normaliser is instead the mean over the training rows, which the network learns: its
 * logarithm is a parameter that starts at 0, and whose gradient is the difference between the two,
 *
 *   phi - sum over rows of  w o / max(q, floor)
 *
 * a sum over rows like all losses. It varies less than the mean over a batch, and a batch without a row that reached the
 * stage is no exception. No gradient goes through the propensity or the normaliser to the loss that they weigh.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Towers } from '../layers/tower.ts';
import type { Tensors } from '../network.ts';
import { probability } from '../reach.ts';

/** Weight of a debiased loss, beside that of reaching its stage, by default. */
export const DEBIAS_WEIGHT = 0.1;

/** Returns towers whose forward pass has the logarithms [1] of normalisers, by name. Each is a parameter of that name. */
export function withNormalisers(towers: Towers, names: readonly string[]): Towers {
  return {
    ...towers,
    parameters: [...towers.parameters, ...names.map((name) => ({ name, shape: [1], start: 'zero' as const }))],
    forward: (inputs, parameters, masks) => ({
      ...towers.forward(inputs, parameters, masks),
      ...Object.fromEntries(names.map((name) => [name, parameters[name] as tf.Tensor])),
    }),
  };
}

/** The rows of a sample among those of a batch. */
export interface SampledRows {
  /** 1 if the row is in the sample, else 0, [batch, 1]. */
  readonly isSampled: tf.Tensor;
  /** Logit of the row's propensity to be in it, [batch, 1]. */
  readonly logit: tf.Tensor;
  /** Least propensity; a smaller one counts as this. */
  readonly floor: number;
  /** Weights of the rows, [batch, 1], of which those of a whole batch add up to 1. */
  readonly weights: tf.Tensor;
  /** Name of the normaliser. */
  readonly normaliser: string;
}

/** Weights of a sample's rows, and what makes their normaliser learn. */
export interface InversePropensity {
  /** The inverse propensities over their normaliser, [batch, 1]; 0 for rows that are not in the sample. */
  readonly weights: tf.Tensor;
  /** A scalar 0 to add to the loss, whose gradient moves the normaliser to the mean of the inverse propensities. */
  readonly learning: tf.Tensor;
}

/** Returns the clipped and self-normalised inverse propensities of a batch's rows; `forward` has the normaliser. */
export function inversePropensity(
  { isSampled, logit, floor, weights, normaliser }: SampledRows,
  forward: Tensors,
): InversePropensity {
  const inverse = tf.div(isSampled, tf.maximum(probability(logit), floor));
  const logMean = forward[normaliser] as tf.Tensor;
  return { weights: tf.mul(inverse, tf.exp(tf.neg(logMean))), learning: learning(logMean, inverse, weights) };
}

function learning(logMean: tf.Tensor, inverse: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  const difference = tf.customGrad((...args) => {
    const [log, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    save([log, inverse, weights]);
    return {
      value: tf.mul(tf.sum(log), 0),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [logOf, values, rows] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
        return [tf.mul(dy, tf.sub(tf.mul(tf.exp(logOf), tf.sum(rows)), tf.sum(tf.mul(rows, values))))];
      },
    };
  });
  return difference(logMean);
}
