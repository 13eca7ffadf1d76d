/**
 * BASE, the baseline that ESMM is compared with: a CVR model trained on clicked rows alone, and a CTR model beside it
 * (Ma et al., SIGIR 2018, arXiv 1804.07931, sections 2.2 and 3.1).
 *
 *   L = sum over all impressions of    l(y, f(e_ctr(x); ctr))
 *     + sum over clicked impressions of  l(z, f(e_cvr(x); cvr))
 *   pCTCVR = pCTR pCVR                                                                        (equation 1)
 *
 * Here y is the click label, z the conversion label, l the cross-entropy, x the features, f a tower and e its
 * embeddings. The two models share nothing, neither embeddings nor losses nor batches: each is trained by itself, the
 * CVR model on batches of clicked rows, and stops at the epoch that is best for its own loss. The predicted CVR is
 * biased if clicked rows differ from the others (sample selection bias), and is learned from few rows, the clicked ones
 * (data sparsity).
 *
 * For a stage graph of more stages, each tower is trained on the rows that reached the labelled stage before its own.
 *
 * Differs from the paper in: losses in logits, and a mean over the batch instead of a sum.
 */
import { towers } from '../layers/tower.ts';
import { conditionalLosses, conditionalRows } from '../losses/conditional-cross-entropy.ts';
import type { Network, NetworkShape } from '../network.ts';
import { reachOutputs } from '../outputs.ts';
import { conditionalParts } from '../parts/conditional-parts.ts';
import { networkOfParts, shapeOfPart } from '../parts/network-of-parts.ts';
import { rowsThatReached, type TrainingRows } from '../parts/training-rows.ts';

/** Returns BASE as a network of parts, which are trained on the rows that reached the labelled stage before theirs. */
export function base(shape: NetworkShape): Network {
  return conditionalNetwork(shape, ({ root }) => rowsThatReached(root));
}

/** The stages of a part that follow a labelled stage. */
export interface LaterStages {
  /** The labelled stage before them. */
  readonly root: string;
  /** Those of them that have a label. */
  readonly labelled: readonly string[];
}

/**
 * Returns a network of parts, each of which predicts stages given the labelled stage before them. The rows of the parts
 * that follow the root of the funnel are all rows, those of each other part are chosen by `rowsOf`.
 */
export function conditionalNetwork(shape: NetworkShape, rowsOf: (stages: LaterStages) => TrainingRows): Network {
  const parts = conditionalParts(shape.graph).map((stages) => {
    const own = shapeOfPart(shape, stages);
    const network: Network = {
      ...towers(own, { tables: 'by-tower' }),
      losses: conditionalLosses(own),
      outputs: reachOutputs(own),
      ...(stages.root === shape.graph.root ? {} : { rows: rowsOf(stages) }),
    };
    return { name: stages.labelled.join(' and '), graph: own.graph, network };
  });
  return {
    ...networkOfParts(parts),
    trainedOn: conditionalRows(shape),
    losses: conditionalLosses(shape),
    outputs: reachOutputs(shape),
  };
}
