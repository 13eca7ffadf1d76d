/**
 * Entire Space Multi-Task Model: An Effective Approach for Estimating Post-Click Conversion Rate
 * (Ma et al., SIGIR 2018, arXiv 1804.07931), for any graph of stages.
 *
 *   p(y=1, z=1 | x) = p(y=1 | x) p(z=1 | y=1, x)        pCTCVR = pCTR pCVR                    (equation 1)
 *   L = sum over all impressions of  l(y, f(x; ctr))
 *     + sum over all impressions of  l(y & z, f(x; ctr) f(x; cvr))                            (equation 3)
 *
 * One tower per edge of the stage graph, all on the same embeddings. pCVR is never trained on clicked rows alone: it
 * follows from the two probabilities that are observed on every impression.
 *
 * Differs from the paper in: losses in logits (no clipping), and a mean over the batch instead of a sum.
 */
import { towers } from '../layers/tower.ts';
import { reachLosses } from '../losses/reach-cross-entropy.ts';
import type { Network, NetworkShape } from '../network.ts';
import { reachOutputs } from '../outputs.ts';

/** Returns ESMM as a network: towers on shared embeddings, trained by the losses of reaching each labelled stage. */
export function esmm(shape: NetworkShape): Network {
  return { ...towers(shape), losses: reachLosses(shape), outputs: reachOutputs(shape) };
}
