/**
 * Calibration of the probabilities of reaching stages from the root, such as pctcvr, each by a calibrator of its own.
 * A row must not reach a stage more often than the one before it, so a calibrated logit is at most that of the last
 * labelled stage on every path: pctcvr <= pctr, and pcvr = pctcvr / pctr is at most 1. Where the bound does not hold a
 * logit back, the map is one increasing function, and the rows keep their order.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Calibrators, calibrateLogits } from './calibrators.ts';
import type { Tensors } from './network.ts';
import { logitOfLog, logShare, logSigmoid } from './reach.ts';
import { labelledBefore, leadsTo, nearestOnEveryPath, type StageGraph } from './stage-graph.ts';

/**
 * Returns the calibrated logits [batch, 1] of reaching the stages, by stage.
 *
 * - A labelled stage has its calibrator's logit, or that of the bound. Without a calibrator, its probability given the
 *   stage before is that of the network.
 * - A stage without a label has the network's probability given the stage before, and at least that of every labelled
 *   stage that is reached through it.
 */
export function calibratedReach(graph: StageGraph, calibrators: Calibrators, reach: Tensors): Tensors {
  const mapped = calibrateLogits(calibrators, reach);
  const done: Record<string, tf.Tensor> = {};
  const bounded = (stage: string): tf.Tensor => {
    const before = labelledBefore(graph, stage);
    const own = mapped[stage] as tf.Tensor;
    if (before === graph.root) return own;
    const bound = done[before] as tf.Tensor;
    const isCalibrated = calibrators[stage] !== undefined;
    return tf.minimum(isCalibrated ? own : withShare(bound, reach[before] as tf.Tensor, own), bound);
  };
  const isLabelled = (stage: string) => graph.labelled.some(({ name }) => name === stage);
  const stages = graph.stages.filter((stage) => reach[stage] !== undefined);
  for (const stage of stages.filter(isLabelled)) done[stage] = bounded(stage);
  for (const stage of stages.filter((name) => !isLabelled(name))) {
    const through = graph.labelled.filter(({ name }) => name !== stage && isThrough(graph, stage, name));
    done[stage] = through.reduce((least, { name }) => tf.maximum(least, done[name] as tf.Tensor), bounded(stage));
  }
  return done;
}

/**
 * Returns why the products of a stage graph cannot be calibrated one by one; `null` where they can. Rows that reach a
 * stage through a complement alone are not among those that reach its sibling, and two calibrators could give both
 * stages together more rows than there are.
 */
export function whyNoProduct(graph: StageGraph): string | null {
  for (const { to, complement } of graph.towers) {
    if (complement === null) continue;
    const sibling = to.find((stage) => stage !== complement) as string;
    const later = graph.stages.filter((stage) => stage !== complement && leadsTo(graph, complement, stage));
    const alone = later.find((stage) => !leadsTo(graph, sibling, stage));
    if (alone !== undefined) return `${alone} is reached through ${complement} alone`;
  }
  return null;
}

/** Returns the logit of a stage that has the calibrated logit `before` reached, and the network's share of that. */
function withShare(before: tf.Tensor, uncalibratedBefore: tf.Tensor, uncalibrated: tf.Tensor): tf.Tensor {
  return logitOfLog(tf.add(logSigmoid(before), logShare(uncalibratedBefore, uncalibrated)));
}

/** Returns whether every row that reaches a later stage has reached this one. */
function isThrough(graph: StageGraph, stage: string, later: string): boolean {
  for (let at = nearestOnEveryPath(graph, later); at !== graph.root; at = nearestOnEveryPath(graph, at))
    if (at === stage) return true;
  return false;
}
