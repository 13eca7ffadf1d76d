/**
 * ESCM2-DR: ESCM2, Entire Space Counterfactual Multi-Task Model for Post-Click Conversion Rate Estimation
 * (Wang et al., SIGIR 2022, arXiv 2204.05125), doubly robust: its DR regularizer.
 *
 *   L = sum over all impressions of  l(y, pCTR) + l(y & z, pCTR pCVR)                     (ESMM)
 *     + lambda  sum over all impressions of  d + (y / pCTR) (e - d)
 *     + lambda  sum over clicked impressions of  (e - d)^2 / pCTR
 *
 * Here e = l(z, pCVR) is the error of a clicked row, and d its imputation, which a tower of its own gives for every row.
 * The second line is unbiased where pCTR is right or d is, and varies less than ESCM2-IPS; the third trains the
 * imputation. With lambda = 0 the network is ESMM.
 *
 * For a stage graph of more stages, each labelled stage after another has such losses and an imputation tower.
 *
 * Differs from the paper in: d = l(r, pCVR), where the tower gives an imputed label r, as in doubly robust joint learning
 * (Wang et al., ICML 2019). A number d that does not depend on pCVR would leave its tower the gradient of ESCM2-IPS. No
 * gradient goes through the propensity, nor from the second line to r, nor from the third to pCVR; propensities are
 * clipped and self-normalised as in ESCM2-IPS.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { PROPENSITY_FLOOR } from '../../config/sections/model.ts';
import { towers } from '../layers/tower.ts';
import {
  doublyRobustLoss,
  imputationLoss,
  laterStages,
  normaliserName,
  reachedRows,
  stageRows,
} from '../losses/debiased-cross-entropy.ts';
import { DEBIAS_WEIGHT, withNormalisers } from '../losses/propensity.ts';
import { reachLosses } from '../losses/reach-cross-entropy.ts';
import type { Network, NetworkShape } from '../network.ts';
import { reachOutputs } from '../outputs.ts';
import { probability } from '../reach.ts';

/** Returns ESCM2-DR as a network. */
export function escm2Dr(shape: NetworkShape): Network {
  const { graph, debiasWeight = DEBIAS_WEIGHT, propensityFloor = PROPENSITY_FLOOR } = shape;
  const stages = laterStages(graph);
  const ofReach = reachLosses(shape);
  const heads = stages.map(({ name, tower }) => ({ name: headName(name), reads: tower }));
  return {
    ...withNormalisers(
      towers(shape, { heads }),
      stages.map(({ name }) => normaliserName(name)),
    ),
    losses: (forward, batch) => [
      ...ofReach(forward, batch),
      ...stages.flatMap((stage) => {
        const rows = stageRows(graph, stage, forward, batch);
        const inverse = reachedRows(rows, stage.name, propensityFloor, forward);
        const imputed = probability(forward[headName(stage.name)] as tf.Tensor);
        const weight = debiasWeight * stage.weight;
        return [
          { name: `${stage.name} by DR`, weight, value: doublyRobustLoss(rows, inverse, imputed) },
          { name: `${stage.name} imputed`, weight, value: imputationLoss(rows, inverse, imputed) },
        ];
      }),
    ],
    outputs: reachOutputs(shape),
  };
}

const headName = (stage: string) => `${stage}.imputed`;
