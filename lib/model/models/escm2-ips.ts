/**
 * ESCM2-IPS: ESCM2, Entire Space Counterfactual Multi-Task Model for Post-Click Conversion Rate Estimation
 * (Wang et al., SIGIR 2022, arXiv 2204.05125), with inverse propensities: its IPS regularizer.
 *
 *   L = sum over all impressions of  l(y, pCTR) + l(y & z, pCTR pCVR)                     (ESMM)
 *     + lambda  sum over clicked impressions of  l(z, pCVR) / pCTR
 *
 * The added loss estimates that of pCVR over all impressions, as if each had been clicked. It is unbiased where pCTR is
 * right and never 0: what is not clicked is represented by the clicked rows that were as unlikely to be. With lambda = 0
 * the network is ESMM.
 *
 * For a stage graph of more stages, each labelled stage after another has such a loss, with the propensity to reach that
 * earlier stage.
 *
 * Differs from the paper in: no gradient goes through the propensity, which the added loss would otherwise raise where
 * pCVR is wrong; propensities are clipped from below, and self-normalised by a learned mean (losses/propensity.ts).
 */
import { PROPENSITY_FLOOR } from '../../config/sections/model.ts';
import { towers } from '../layers/tower.ts';
import { ipsLoss, laterStages, normaliserName, reachedRows, stageRows } from '../losses/debiased-cross-entropy.ts';
import { DEBIAS_WEIGHT, withNormalisers } from '../losses/propensity.ts';
import { reachLosses } from '../losses/reach-cross-entropy.ts';
import type { Network, NetworkShape } from '../network.ts';
import { reachOutputs } from '../outputs.ts';

/** Returns ESCM2-IPS as a network. */
export function escm2Ips(shape: NetworkShape): Network {
  const { graph, debiasWeight = DEBIAS_WEIGHT, propensityFloor = PROPENSITY_FLOOR } = shape;
  const stages = laterStages(graph);
  const ofReach = reachLosses(shape);
  return {
    ...withNormalisers(
      towers(shape),
      stages.map(({ name }) => normaliserName(name)),
    ),
    losses: (forward, batch) => [
      ...ofReach(forward, batch),
      ...stages.map((stage) => {
        const rows = stageRows(graph, stage, forward, batch);
        const value = ipsLoss(rows, reachedRows(rows, stage.name, propensityFloor, forward));
        return { name: `${stage.name} by IPS`, weight: debiasWeight * stage.weight, value };
      }),
    ],
    outputs: reachOutputs(shape),
  };
}
