/**
 * AMAN, all missing as negative: the CVR model of BASE, with rows that were not clicked among its negatives
 * (Pan et al., One-Class Collaborative Filtering, ICDM 2008; as a competitor in Ma et al., SIGIR 2018,
 * arXiv 1804.07931, section 3.1).
 *
 *   L = sum over all impressions of  l(y, f(e_ctr(x); ctr))
 *     + sum over clicked impressions, and over a share r of the others, of  l(y & z, f(e_cvr(x); cvr))
 *
 * The sampled rows are like those that the model will score, which relieves the sample selection bias, but each of them
 * counts as one that would not have converted. At click rate c and conversion rate v the prediction has the limit
 * c v / (c + r (1 - c)): too low by a factor that differs from row to row, at r = 1 by the click rate. Such
 * probabilities are not calibrated.
 *
 * For a stage graph of more stages, the rows of each tower are those that reached the labelled stage before its own, and
 * a share of the others.
 *
 * Differs from the paper in: the same points as BASE (see base.ts). The rows are drawn once, by the seed and a row's
 * place in the log, and are the same in each epoch.
 */
import type { Network, NetworkShape } from '../network.ts';
import { labelsOf, type RowRule } from '../parts/training-rows.ts';
import { conditionalNetwork } from './base.ts';

const RATE = 0.2;

/** Returns AMAN as a network. */
export function aman(shape: NetworkShape): Network {
  const { rate = RATE } = shape;
  return {
    ...conditionalNetwork(shape, ({ root }) => ({ rule: () => rowsAndShareOfOthers(root, rate) })),
    isCalibrated: false,
  };
}

/** Returns the rule that takes the rows that reached a stage, and a share of those that are known not to have. */
function rowsAndShareOfOthers(stage: string, share: number): RowRule {
  return (block) => {
    const [labels, weights] = [labelsOf(block, stage), block.weights[stage] as Float32Array];
    const isTaken = (row: number) =>
      labels[row] === 1 || ((weights[row] as number) > 0 && (block.uniforms[row] as number) < share);
    return { copies: Uint16Array.from({ length: block.rows }, (_, row) => Number(isTaken(row))) };
  };
}
