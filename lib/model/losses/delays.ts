/**
 * Losses of events that are seen with a delay (delayed feedback). A row reaches a stage with probability p, and the event
 * is then seen after a delay d of density f and distribution F:
 *
 *   seen after d:          -log p - log f(d)
 *   not seen during t:     -log(1 - p F(t))
 *
 * so that a young row says little against the event instead of being a negative. All is in logits: that of p F(t) follows
 * from those of p and of F(t), and log(1 - p F(t)) = -softplus of it is no subtraction from 1.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LabelledBatch, Loss, Tensors } from '../network.ts';
import { bothLogit, crossEntropy, reachLogit } from '../reach.ts';
import type { LabelledStage, StageGraph } from '../stage-graph.ts';

/** A labelled stage whose delays are known. */
export interface DelayedStage extends LabelledStage {
  readonly withinDays: number;
}

/** A distribution of delays, from the tensors of the forward pass. */
export interface DelayDistribution {
  /** Returns log f [batch, 1] of delays in days. */
  logDensity(forward: Tensors, days: tf.Tensor): tf.Tensor;
  /** Returns the logit [batch, 1] of F, the probability that an event is seen within so many days, more than 0. */
  seenLogit(forward: Tensors, days: tf.Tensor): tf.Tensor;
}

/** Returns the stages of a graph whose delays are known. */
export function delayedStages({ labelled }: StageGraph): DelayedStage[] {
  return labelled.filter((stage): stage is DelayedStage => stage.withinDays !== undefined);
}

/**
 * Returns the name of the target with the delays of a stage: the days to its event or, negative, for which it was not
 * seen. Its weights are those of the rows, also of young ones.
 */
export const delayTarget = (stage: string) => `${stage}.delay`;

/**
 * Returns the function that computes the losses: those of delayed stages from their delays, and the cross-entropy of
 * reaching each other labelled stage from the root.
 */
export function delayLosses(
  { graph }: { readonly graph: StageGraph },
  distributionOf: (stage: DelayedStage) => DelayDistribution,
): (forward: Tensors, batch: LabelledBatch) => Loss[] {
  const distributions = new Map(delayedStages(graph).map((stage) => [stage.name, distributionOf(stage)]));
  return (forward, { labels, weights }) =>
    graph.labelled.map(({ name, weight }) => {
      const reached = reachLogit(graph, forward, graph.root, name);
      const distribution = distributions.get(name);
      const target = distribution === undefined ? name : delayTarget(name);
      const label = labels[target] as tf.Tensor;
      const loss =
        distribution === undefined ? crossEntropy(label, reached) : delayLoss(reached, label, distribution, forward);
      return { name, weight, value: tf.sum(tf.mul(weights[target] as tf.Tensor, loss)) };
    });
}

/**
 * Returns the loss [batch, 1] of each row, from the logit of reaching the stage and from its delay: the days to the event
 * or, negative, for which it was not seen.
 */
export function delayLoss(
  reached: tf.Tensor,
  delay: tf.Tensor,
  { logDensity, seenLogit }: DelayDistribution,
  forward: Tensors,
): tf.Tensor {
  const days = tf.abs(delay);
  const seen = tf.sub(tf.softplus(tf.neg(reached)), logDensity(forward, days));
  const unseen = tf.softplus(bothLogit(reached, seenLogit(forward, days)));
  return tf.where(tf.greaterEqual(delay, 0), seen, unseen);
}
