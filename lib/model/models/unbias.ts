/**
 * UNBIAS: the CVR model of BASE on clicked rows that are thinned out until they are spread over the features as all
 * impressions are (Zadrozny, Learning and Evaluating Classifiers under Sample Selection Bias, ICML 2004; rejection
 * sampling as in Zhang et al., Bid-aware Gradient Descent for Unbiased Learning, KDD 2016; as a competitor in
 * Ma et al., SIGIR 2018, arXiv 1804.07931, section 3.1).
 *
 *   L = sum over all impressions of    l(y, f(e_ctr(x); ctr))
 *     + sum over clicked impressions of  a l(z, f(e_cvr(x); cvr))
 *   a = 1 with probability min(1, tau / pCTR), else 0      (`correction: rejection`)
 *   a proportional to 1 / max(pCTR, tau), of mean 1        (`correction: weights`)
 *
 * Here pCTR is predicted by networks that were not trained on the row: a network's own predictions of the rows that it
 * was trained on are too near to their labels. tau is a low quantile of pCTR over the clicked rows: with a lower one fewer
 * rows are accepted, or some weigh more; with a higher one the rows of small pCTR stay too few.
 *
 * For a stage graph of more stages, the rows of each network are those that reached the labelled stage before its own,
 * thinned out by the probability of reaching that stage.
 *
 * Differs from the paper in: pCTR out of two folds, and a quantile in place of the least pCTR, which a single row sets.
 * Rows are accepted once, by the seed and a row's place in the log, and are the same in each epoch.
 */
import type { Network, NetworkShape } from '../network.ts';
import { labelsOf, type RowRule } from '../parts/training-rows.ts';
import { conditionalNetwork } from './base.ts';

const QUANTILE = 0.1;

/** Returns UNBIAS as a network. */
export function unbias(shape: NetworkShape): Network {
  const { correction = 'rejection', quantile = QUANTILE } = shape;
  return conditionalNetwork(shape, ({ root }) => ({
    propensityOf: root,
    rule: (propensities) => RULES[correction](root, quantileOf(propensities, quantile)),
  }));
}

/** The rules by `model.correction`, for the rows that reached a stage, and for tau. */
const RULES: Readonly<Record<NonNullable<NetworkShape['correction']>, (stage: string, tau: number) => RowRule>> = {
  rejection: (stage, tau) => (block) => ({
    copies: labelsOf(block, stage).reduce((copies, label, row) => {
      const isAccepted = (block.uniforms[row] as number) * (block.propensities[row] as number) < tau;
      copies[row] = Number(label === 1 && isAccepted);
      return copies;
    }, new Uint16Array(block.rows)),
  }),
  weights: (stage, tau) => (block) => ({
    copies: Uint16Array.from(labelsOf(block, stage)),
    factors: block.propensities.map((propensity) => 1 / Math.max(propensity, tau)),
  }),
};

/** Returns the least value that at least this share of the values do not exceed. */
function quantileOf(values: Float32Array, share: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 1;
}
