import * as tf from '@tensorflow/tfjs-core';
import type { LabelledBatch, Loss, Tensors } from '../network.ts';
import { crossEntropy, reachLogit } from '../reach.ts';
import { labelledBefore, leadsTo, type StageGraph } from '../stage-graph.ts';

/**
 * Returns the function that computes the conditional losses: for each labelled stage, the cross-entropy of reaching it
 * from the labelled stage before it, over the rows that reached that earlier stage (all rows, where there is none).
 *
 *   l_stage = sum over rows of  w * y_before * CE(y_stage, p(stage | before))
 *
 * The sum of the losses is the negative log-likelihood of the labels, split into factors that share no probability.
 * Every loss is divided by the rows of the whole batch, so that a clicked row weighs as much in the conversion loss as
 * it does in the click loss.
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
      // A label that is not known yet is stored as 0, so that rows whose click is unknown are left out too.
      const selected = before === graph.root ? all : tf.mul(all, labels[before] as tf.Tensor);
      return { name, weight, value: tf.sum(tf.mul(selected, loss)) };
    });
}

/**
 * Returns which rows train each tower under the conditional losses, in the form of `Network.trainedOn`. A tower between
 * two labelled stages is trained by the rows that reached the first of them. A tower that takes part in losses over
 * different rows is trained by all rows, and is not named.
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
