import * as tf from '@tensorflow/tfjs-core';
import type { LabelledBatch, Loss, Tensors } from '../network.ts';
import { crossEntropy, reachLogit } from '../reach.ts';
import type { StageGraph } from '../stage-graph.ts';

/**
 * Returns the function that computes the losses of ESMM: for each labelled stage, the cross-entropy of reaching it from
 * the root, over all rows (equation 3 of arXiv 1804.07931, for any stage graph).
 */
export function reachLosses({
  graph,
}: {
  readonly graph: StageGraph;
}): (logits: Tensors, batch: LabelledBatch) => Loss[] {
  return (logits, { labels, weights }) =>
    graph.labelled.map(({ name, weight }) => {
      const reached = reachLogit(graph, logits, graph.root, name);
      const loss = crossEntropy(labels[name] as tf.Tensor, reached);
      return { name, weight, value: tf.sum(tf.mul(weights[name] as tf.Tensor, loss)) };
    });
}
