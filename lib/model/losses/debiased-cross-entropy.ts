/**
 * Losses of a stage given the labelled stage before it, over all rows, although the label is known only where the row
 * reached that earlier stage: by inverse propensities (IPS), or doubly robust (DR).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LabelledBatch, Tensors } from '../network.ts';
import { crossEntropy, reachLogit } from '../reach.ts';
import { labelledBefore, type StageGraph, towerOf } from '../stage-graph.ts';
import { timesConstant } from './constants.ts';
import { type InversePropensity, inversePropensity } from './propensity.ts';

/** A labelled stage after another one. */
export interface LaterStage {
  readonly name: string;
  readonly weight: number;
  /** The labelled stage before it. */
  readonly before: string;
  /** The name of a tower that leads to it. */
  readonly tower: string;
}

/** Returns the labelled stages that come after another labelled stage. */
export function laterStages(graph: StageGraph): LaterStage[] {
  return graph.labelled
    .map(({ name, weight }) => {
      return { name, weight, before: labelledBefore(graph, name), tower: towerOf(graph, name).name };
    })
    .filter(({ before }) => before !== graph.root);
}

/** The rows of a batch in a loss of a later stage, each [batch, 1]. */
export interface StageRows {
  /** 1 if the row reached the stage, else 0. */
  readonly label: tf.Tensor;
  /** Logit of reaching the stage for a row that reached the one before. */
  readonly logit: tf.Tensor;
  /** Logit of reaching the stage before from the root. */
  readonly propensity: tf.Tensor;
  /** 1 if the row reached the stage before, else 0. */
  readonly isReached: tf.Tensor;
  readonly weights: tf.Tensor;
}

/** Returns the rows of a batch in a loss of a later stage. */
export function stageRows(
  graph: StageGraph,
  { name, before }: LaterStage,
  forward: Tensors,
  { labels, weights }: LabelledBatch,
): StageRows {
  return {
    label: labels[name] as tf.Tensor,
    logit: reachLogit(graph, forward, before, name),
    propensity: reachLogit(graph, forward, graph.root, before),
    isReached: labels[before] as tf.Tensor,
    weights: weights[name] as tf.Tensor,
  };
}

/** Name of the normaliser of the inverse propensities of a stage. */
export const normaliserName = (stage: string) => `${stage}.normaliser`;

/** Returns the inverse propensities of the rows that reached the stage before; `forward` has the normaliser. */
export function reachedRows(rows: StageRows, stage: string, floor: number, forward: Tensors): InversePropensity {
  const { isReached, propensity, weights } = rows;
  return inversePropensity(
    { isSampled: isReached, logit: propensity, floor, weights, normaliser: normaliserName(stage) },
    forward,
  );
}

/** Returns the cross-entropy of the rows that reached the stage before, weighted by inverse propensities. */
export function ipsLoss({ label, logit, weights }: StageRows, inverse: InversePropensity): tf.Tensor {
  const loss = timesConstant(crossEntropy(label, logit), tf.mul(weights, inverse.weights));
  return tf.add(tf.sum(loss), inverse.learning);
}

/**
 * Returns the doubly robust loss d + (o / q) (e - d) of all rows, where e is the cross-entropy with the label and d that
 * with a label r between 0 and 1 that is imputed for every row. A cross-entropy is linear in the label, so that this is
 * the cross-entropy with the label r + (o / q) (y - r). No gradient goes to the imputed label.
 */
export function doublyRobustLoss(
  { label, logit, weights }: StageRows,
  inverse: InversePropensity,
  imputed: tf.Tensor,
): tf.Tensor {
  const target = tf.add(imputed, tf.mul(inverse.weights, tf.sub(label, imputed)));
  const loss = tf.sub(timesConstant(tf.softplus(logit), weights), timesConstant(logit, tf.mul(weights, target)));
  return tf.add(tf.sum(loss), inverse.learning);
}

/**
 * Returns the squared error (e - d)^2 of the imputed cross-entropy, over the rows that reached the stage before, weighted
 * by inverse propensities. Its gradient goes to the imputed label alone.
 */
export function imputationLoss(
  { label, logit, weights }: StageRows,
  inverse: InversePropensity,
  imputed: tf.Tensor,
): tf.Tensor {
  const factor = tf.mul(tf.mul(weights, inverse.weights), tf.square(logit));
  return tf.sum(timesConstant(tf.square(tf.sub(label, imputed)), factor));
}
