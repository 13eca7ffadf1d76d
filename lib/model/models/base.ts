/**
 * BASE, the baseline that ESMM is compared with: a CVR model trained on clicked rows alone, and a CTR model beside it
 * (Ma et al., SIGIR 2018, arXiv 1804.07931, sections 2.2 and 3.1).
 *
 *   L = sum over all impressions of    l(y, f(e_ctr(x); ctr))
 *     + sum over clicked impressions of  l(z, f(e_cvr(x); cvr))
 *   pCTCVR = pCTR pCVR                                                                        (equation 1)
 *
 * Nothing is shared: no embedding, no loss. Its pCVR is biased where the clicked rows are not like the others, and it
 * has only them to learn from. For any graph of stages: each tower learns on the rows that reached the labelled stage
 * before it.
 *
 * Differs from the paper in: one early stopping for both models, on the sum of their losses; a batch is of all
 * impressions, and the CVR tower sees the clicked ones among them.
 */
import { towers } from '../layers/tower.ts';
import { conditionalLosses, conditionalRows } from '../losses/conditional-cross-entropy.ts';
import type { Network, NetworkShape } from '../network.ts';
import { reachOutputs } from '../outputs.ts';

export function base(shape: NetworkShape): Network {
  return {
    tables: 'by-tower',
    trainedOn: conditionalRows(shape),
    ...towers(shape),
    losses: conditionalLosses(shape),
    outputs: reachOutputs(shape),
  };
}
