import * as tf from '@tensorflow/tfjs-core';
import type { LabelledBatch, Loss, Tensors } from '../network.ts';
import { crossEntropy, reachLogit } from '../reach.ts';
import { labelledBefore, leadsTo, type StageGraph } from '../stage-graph.ts';

/**
 * Cross-entropy of reaching each labelled stage from the labelled stage before it, over the rows that reached that one
 * alone; for a first stage over all rows.
 *
 *   l_stage = sum over rows of  w * y_before * CE(y_stage, p(stage | before))
 *
 * The sum of the losses is the negative log-likelihood of the labels, split into factors that share no probability.
 * The divisor is the whole batch, so that a clicked row weighs as much in the loss of the conversion as any row does in
 * that of the click.
 */
export function conditionalLosses({
  graph,
}: {
  readonly graph: StageGraph;
}): (logits: Tensors, batch: LabelledBatch) => Loss[] {
  return (logits, { labels, weights }) =>
    graph.labelled.map(({ name, weight }) => {
      const before = labelledBefore(graph, name);
      const loss = crossEntropy(labels[name] as tf.Tensor, reachLogit(graph, logits, before, name));
      const all = weights[name] as tf.Tensor;
      // A label that is not known yet is stored as 0, so that rows of unknown clicks are left out too.
      const selected = before === graph.root ? all : tf.mul(all, labels[before] as tf.Tensor);
      return { name, weight, value: tf.sum(tf.mul(selected, loss)) };
    });
}

/**
 * The rows that have a part in the conditional losses of each tower, for `Network.trainedOn`. A tower between two
 * labelled stages trains on the rows that reached the first one; one that takes part in losses over different rows
 * trains on all of them.
 */
export function conditionalRows({ graph }: { readonly graph: StageGraph }): Record<string, string> {
  const starts = graph.towers.map((tower): [string, Set<string>] => [
    tower.name,
    new Set(
      graph.labelled
        .filter(({ name }) => tower.to.some((next) => leadsTo(graph, next, name)))
        .map(({ name }) => labelledBefore(graph, name))
        .filter((before) => leadsTo(graph, before, tower.from)),
    ),
  ]);
  const single = starts
    .filter(([, befores]) => befores.size === 1)
    .map(([tower, [before]]) => [tower, before as string]);
  return Object.fromEntries(single.filter(([, before]) => before !== graph.root));
}
