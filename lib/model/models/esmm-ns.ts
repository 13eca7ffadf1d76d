/**
 * ESMM-NS, the ablation of ESMM whose towers share no embeddings (Ma et al., SIGIR 2018, arXiv 1804.07931, section 3.1).
 *
 *   L as in ESMM (equation 3), with  pCTR = f(e_ctr(x); ctr)  and  pCVR = f(e_cvr(x); cvr)
 *
 * Each tower has a copy of every embedding table of its own, and so twice the memory of ESMM on the paper's funnel. The
 * difference between both is what the CVR tower gains from embeddings that all impressions have trained.
 *
 * Differs from the paper in: what esmm.ts names.
 */
import type { Network, NetworkShape } from '../network.ts';
import { esmm } from './esmm.ts';

export function esmmNs(shape: NetworkShape): Network {
  return { ...esmm(shape), tables: 'by-tower' };
}
