/**
 * DCMT: A Direct Entire-Space Causal Multi-Task Framework for Post-Click Conversion Estimation
 * (Zhu et al., ICDE 2023, arXiv 2302.06141).
 *
 *   L = sum over all impressions of  l(y, pCTR) + l(y & z, pCTR pCVR)
 *     + lambda  sum over clicked impressions of    l(z, pCVR) / pCTR
 *     + lambda  sum over the other impressions of  l(1 - z, pCVR*) / (1 - pCTR)
 *     + mu      sum over all impressions of        |1 - (pCVR + pCVR*)|
 *
 * The twin tower of pCVR gives pCVR*, the counterfactual probability of no conversion: it is trained where the click did
 * not happen, and held to be the complement of pCVR, so that rows without a click train pCVR too. It is not exported.
 * With lambda = mu = 0 the network is ESMM.
 *
 * For a stage graph of more stages, each labelled stage after another has a twin tower and such losses.
 *
 * Differs from the paper in: the twin has hidden layers of its own on the same input; no gradient goes through the
 * propensities, which are clipped and self-normalised as in ESCM2-IPS, in both spaces.
 */
import * as tf from '@tensorflow/tfjs-core';
import { PROPENSITY_FLOOR } from '../../config/sections/model.ts';
import { towers } from '../layers/tower.ts';
import { timesConstant } from '../losses/constants.ts';
import {
  ipsLoss,
  laterStages,
  normaliserName,
  reachedRows,
  type StageRows,
  stageRows,
} from '../losses/debiased-cross-entropy.ts';
import { DEBIAS_WEIGHT, inversePropensity, withNormalisers } from '../losses/propensity.ts';
import { reachLosses } from '../losses/reach-cross-entropy.ts';
import type { Network, NetworkShape, Tensors } from '../network.ts';
import { reachOutputs } from '../outputs.ts';
import { probability } from '../reach.ts';

const PRIOR_WEIGHT = 0.001;

/** Returns DCMT as a network. */
export function dcmt(shape: NetworkShape): Network {
  const { graph, debiasWeight = DEBIAS_WEIGHT, propensityFloor = PROPENSITY_FLOOR, priorWeight = PRIOR_WEIGHT } = shape;
  const stages = laterStages(graph);
  const ofReach = reachLosses(shape);
  const heads = stages.map(({ name, tower }) => ({ name: twinName(name), reads: tower }));
  return {
    ...withNormalisers(
      towers(shape, { heads }),
      stages.flatMap(({ name }) => [normaliserName(name), normaliserName(twinName(name))]),
    ),
    losses: (forward, batch) => [
      ...ofReach(forward, batch),
      ...stages.flatMap((stage) => {
        const { name } = stage;
        const rows = stageRows(graph, stage, forward, batch);
        const weight = debiasWeight * stage.weight;
        const factual = ipsLoss(rows, reachedRows(rows, name, propensityFloor, forward));
        return [
          { name: `${name} by IPS`, weight, value: factual },
          { name: `${name} counterfactual`, weight, value: counterfactualLoss(rows, name, propensityFloor, forward) },
          { name: `${name} prior`, weight: priorWeight * stage.weight, value: priorLoss(rows, name, forward) },
        ];
      }),
    ],
    outputs: reachOutputs(shape),
  };
}

const twinName = (stage: string) => `${stage}.counterfactual`;

/** The loss of the twin over the rows that did not reach the stage before, which are rows without a conversion. */
function counterfactualLoss(
  { isReached, propensity, weights }: StageRows,
  stage: string,
  floor: number,
  forward: Tensors,
): tf.Tensor {
  const sample = { isSampled: tf.sub(1, isReached), logit: tf.neg(propensity), floor, weights };
  const inverse = inversePropensity({ ...sample, normaliser: normaliserName(twinName(stage)) }, forward);
  const loss = tf.softplus(tf.neg(forward[twinName(stage)] as tf.Tensor));
  return tf.add(tf.sum(timesConstant(loss, tf.mul(weights, inverse.weights))), inverse.learning);
}

/** The mean distance of the two probabilities' sum from 1. */
function priorLoss({ logit, weights }: StageRows, stage: string, forward: Tensors): tf.Tensor {
  const twin = forward[twinName(stage)] as tf.Tensor;
  const distance = tf.abs(tf.sub(probability(tf.neg(logit)), probability(twin)));
  return tf.sum(tf.mul(weights, distance));
}
