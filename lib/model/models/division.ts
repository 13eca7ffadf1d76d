/**
 * DIVISION: two networks, each of a quantity that is observed on every impression, and pCVR as their quotient
 * (as a competitor in Ma et al., SIGIR 2018, arXiv 1804.07931, section 3.1).
 *
 *   L = sum over all impressions of  l(y, f(e_ctr(x); ctr))      trained by itself
 *     + sum over all impressions of  l(y & z, f(e_ctcvr(x); ctcvr))      trained by itself
 *   pCVR = min(1, pCTCVR / pCTR)                                                    (equation 1, solved for pCVR)
 *
 * Nothing holds the quotient below 1: where rows are few, and where pCTR is small, it exceeds 1 and is clipped. The share
 * of the rows in which it is clipped is reported. ESMM multiplies where DIVISION divides.
 *
 * In general there is a network for each labelled stage, of the probability of reaching it from the root; each stage
 * needs a label, and one stage before it.
 *
 * Differs from the paper in: losses in logits, and a mean over the batch instead of a sum.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LabelledBatch, Loss, Network, NetworkShape, Tensors } from '../network.ts';
import { outputsOfReach } from '../outputs.ts';
import { entirePart } from '../parts/entire-part.ts';
import { networkOfParts } from '../parts/network-of-parts.ts';
import { crossEntropy } from '../reach.ts';
import type { StageGraph } from '../stage-graph.ts';

/** Returns DIVISION as a network of parts, one for each labelled stage. */
export function division(shape: NetworkShape): Network {
  const { graph } = shape;
  const { forward, ...whole } = networkOfParts(graph.labelled.map(({ name }) => entirePart(shape, name)));
  const reach = (tensors: Tensors) =>
    Object.fromEntries(graph.labelled.map(({ name }) => [name, tensors[reachName(name)] as tf.Tensor]));
  return {
    ...whole,
    // The networks' logits are not those of the towers, which are given the stage before.
    forward: (...given) =>
      Object.fromEntries(Object.entries(forward(...given)).map(([name, logit]) => [reachName(name), logit])),
    reach,
    losses: (tensors, batch) => entireLosses(graph, reach(tensors), batch),
    outputs: (tensors) => outputsOfReach(shape)(reach(tensors)),
  };
}

function entireLosses({ labelled }: StageGraph, reach: Tensors, { labels, weights }: LabelledBatch): Loss[] {
  return labelled.map(({ name, weight }) => {
    const loss = crossEntropy(labels[name] as tf.Tensor, reach[name] as tf.Tensor);
    return { name, weight, value: tf.sum(tf.mul(weights[name] as tf.Tensor, loss)) };
  });
}

const reachName = (stage: string) => `reach.${stage}`;
