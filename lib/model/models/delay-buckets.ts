/**
 * Delayed feedback by buckets of delay: the funnel goes on from the conversion to the time after which it is seen, as the
 * labels by age of Badanidiyuru et al. (Handling many conversions per click in modeling delayed feedback, arXiv
 * 2101.02284) do, with the likelihood of delayed.ts.
 *
 *   impression -> click -> conversion -> one of k buckets of delay, a softmax q(x)
 *   L = sum over all impressions of  l(y, pCTR)
 *     + sum over seen conversions of      -log(pCTR pCVR q_i / w_i)              in bucket i, of w_i days
 *     + sum over all other impressions of -log(1 - pCTR pCVR sum over i of q_i c_i)
 *
 * Here c_i is the share of bucket i that was over at the end of the log: each bucket is trained on the rows that are old
 * enough for it, and pCVR, the sum over all buckets, on all rows. Nothing is assumed of the delays but that they end by
 * `within`.
 *
 * Differs from the paper in: whether there is a conversion in place of how many there are; all impressions in place of
 * clicks; one likelihood in place of a model for each bucket; a bucket counts as it goes by, not only once it is over.
 */
import { parseDuration } from '../../config/units.ts';
import { towers } from '../layers/tower.ts';
import { bucketedDelay } from '../losses/bucketed-delay.ts';
import { delayedStages, delayLosses, delayTarget } from '../losses/delays.ts';
import type { Network, NetworkShape } from '../network.ts';
import { reachOutputs } from '../outputs.ts';
import { towerOf } from '../stage-graph.ts';

const BUCKETS = 6;
const DAY_MS = 86_400_000;

/** Returns the model of delay buckets as a network. */
export function delayBuckets(shape: NetworkShape): Network {
  const { graph, buckets = BUCKETS } = shape;
  const stages = delayedStages(graph).map(({ name, withinDays }) => ({ name, ends: endsOf(buckets, withinDays) }));
  const endsByStage = new Map(stages.map(({ name, ends }) => [name, ends]));
  return {
    ...towers(shape, {
      heads: stages.map(({ name, ends }) => {
        return { name: bucketsName(name), reads: towerOf(graph, name).name, logits: ends.length };
      }),
    }),
    targets: stages.map(({ name }) => delayTarget(name)),
    losses: delayLosses(shape, ({ name }) => bucketedDelay(bucketsName(name), endsByStage.get(name) as number[])),
    outputs: reachOutputs(shape),
  };
}

/** Returns the days at which the buckets end: the given ones and `within`, or so many, each bound twice the one before. */
function endsOf(buckets: NonNullable<NetworkShape['buckets']>, withinDays: number): number[] {
  if (typeof buckets === 'number')
    return Array.from({ length: buckets }, (_, i) => withinDays / 2 ** (buckets - 1 - i));
  return [...buckets.map((bound) => parseDuration(bound) / DAY_MS), withinDays];
}

const bucketsName = (stage: string) => `${stage}.buckets`;
