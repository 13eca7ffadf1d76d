/**
 * ESMM-NS, the ablation of ESMM whose towers share no embeddings
 * (Ma et al., SIGIR 2018, arXiv 1804.07931, section 3.1).
 *
 *   L as in ESMM (equation 3), with  pCTR = f(e_ctr(x); ctr)  and  pCVR = f(e_cvr(x); cvr)
 *
 * Each tower has its own copy of every embedding table, which on the paper's funnel takes twice the memory of ESMM.
 * Comparing it with ESMM shows what the CVR tower gains from embeddings that all impressions have trained.
 *
 * Differs from the paper in: the same points as ESMM (see esmm.ts).
 */
import { towers } from '../layers/tower.ts';
import type { Network, NetworkShape } from '../network.ts';
import { esmm } from './esmm.ts';

/** Returns ESMM-NS as a network: ESMM with embedding tables of its own for each tower. */
export function esmmNs(shape: NetworkShape): Network {
  return { ...esmm(shape), ...towers(shape, { tables: 'by-tower' }) };
}
