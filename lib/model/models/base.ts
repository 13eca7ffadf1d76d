/**
 * BASE, the baseline that ESMM is compared with: a CVR model trained on clicked rows alone, and a CTR model beside it
 * (Ma et al., SIGIR 2018, arXiv 1804.07931, sections 2.2 and 3.1).
 *
 *   L = sum over all impressions of    l(y, f(e_ctr(x); ctr))
 *     + sum over clicked impressions of  l(z, f(e_cvr(x); cvr))
 *   pCTCVR = pCTR pCVR                                                                        (equation 1)
 *
 * Here y is the click label, z the conversion label, l the cross-entropy, x the features, f a tower and e its
 * embeddings. The two models share nothing, neither embeddings nor losses. The predicted CVR is biased if clicked rows
 * differ from the others (sample selection bias), and is learned from few rows, the clicked ones (data sparsity).
 *
 * For a stage graph of more stages, each tower is trained on the rows that reached the labelled stage before its own.
 *
 * Differences from the paper: both models stop at the same epoch, chosen by the sum of their losses. A batch is drawn
 * from all impressions, and only the clicked ones in it train the CVR tower.
 */
import { towers } from '../layers/tower.ts';
import { conditionalLosses, conditionalRows } from '../losses/conditional-cross-entropy.ts';
import type { Network, NetworkShape } from '../network.ts';
import { reachOutputs } from '../outputs.ts';

/**
 * Returns BASE as a network: every tower has embeddings of its own, and is trained on the rows that reached the
 * labelled stage before it.
 */
export function base(shape: NetworkShape): Network {
  return {
    tables: 'by-tower',
    trainedOn: conditionalRows(shape),
    ...towers(shape),
    losses: conditionalLosses(shape),
    outputs: reachOutputs(shape),
  };
}
