/**
 * OVERSAMPLING: the CVR model of BASE, with its positives repeated (Weiss, Mining with Rarity, SIGKDD Explorations 2004;
 * as a competitor in Ma et al., SIGIR 2018, arXiv 1804.07931, section 3.1; `DNN-OS` in arXiv 1910.07099).
 *
 *   L = sum over all impressions of    l(y, f(e_ctr(x); ctr))
 *     + sum over clicked impressions of  (1 + (k - 1) z) l(z, f(e_cvr(x); cvr))
 *
 * A converted row is in k batches of each epoch, so that few positives are seen more often. At conversion rate v the
 * prediction has the limit k v / (k v + 1 - v), which is too high. Such probabilities are not calibrated.
 *
 * For a stage graph of more stages, the rows are repeated that reached any of the stages that a network predicts.
 *
 * Differs from the paper in: the same points as BASE (see base.ts).
 */
import type { Network, NetworkShape } from '../network.ts';
import { labelsOf, type RowRule } from '../parts/training-rows.ts';
import { conditionalNetwork, type LaterStages } from './base.ts';

const FACTOR = 5;

/** Returns OVERSAMPLING as a network. */
export function oversampling(shape: NetworkShape): Network {
  const { factor = FACTOR } = shape;
  return {
    ...conditionalNetwork(shape, (stages) => ({ rule: () => rowsWithPositivesRepeated(stages, factor) })),
    isCalibrated: false,
  };
}

/** Returns the rule that takes the rows that reached the root, and those of them that reached another stage so often. */
function rowsWithPositivesRepeated({ root, labelled }: LaterStages, times: number): RowRule {
  return (block) => {
    const reached = labelsOf(block, root);
    const later = labelled.map((stage) => labelsOf(block, stage));
    return {
      copies: Uint16Array.from({ length: block.rows }, (_, row) => {
        if (reached[row] !== 1) return 0;
        return later.some((labels) => labels[row] === 1) ? times : 1;
      }),
    };
  };
}
