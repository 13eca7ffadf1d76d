/**
 * Wide & Deep Learning for Recommender Systems (Cheng et al., DLRS 2016, arXiv 1606.07792).
 *
 *   logit = w_wide . x + w_deep . a + b                                                       (equation 3)
 *
 * Here a is the last hidden layer of a tower, and x the one-hot values of the wide features, crosses among them, so that
 * each value has a weight of its own, which remembers it whatever the hidden layers make of its embedding.
 *
 * Differs from the paper in: the weights are rows of embedding tables, which start at 0 and are updated by the optimizer
 * of the embeddings, not by FTRL.
 */
import * as tf from '@tensorflow/tfjs-core';
import { wideInput } from '../network.ts';
import { logitCount, type StageGraph } from '../stage-graph.ts';
import type { LogitTerms } from './bottom.ts';
import type { LayerInput } from './layer.ts';
import { linear } from './linear.ts';

/**
 * Returns the terms of the wide features, the sums of their columns.
 *
 * @param widths columns of each tower's wide input, by tower name
 */
export function wideTerms({ towers }: StageGraph, widths: Readonly<Record<string, number>>): LogitTerms {
  const own = towers.filter(({ name }) => widths[name] !== undefined);
  return {
    parameters: [],
    apply: (inputs) =>
      Object.fromEntries(
        own.map((tower) => {
          const { name } = tower;
          const weight = columnSums(widths[name] as number, logitCount(tower));
          return [name, linear(inputs[wideInput(name)] as LayerInput, weight)];
        }),
      ),
  };
}

/** The matrix of 0 and 1 that adds up every n-th column. A product, unlike a sum, is taken apart by entity for scoring. */
function columnSums(columns: number, n: number): tf.Tensor2D {
  const elements = Array.from({ length: columns * n }, (_, i) => Number(Math.floor(i / n) % n === i % n));
  return tf.tensor2d(elements, [columns, n]);
}
