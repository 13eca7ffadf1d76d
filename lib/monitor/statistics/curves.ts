/** Ranking and loss of the scores of a day, from their histograms. */
import { allBins, type Bins } from '../../numbers/logit-bins.ts';
import type { KnownSums } from '../../table/monitor/sums.ts';

/**
 * Returns the area under the ROC curve of rows in bins, in each of which half of the pairs count as ordered; `null`
 * without rows of either kind. @param positives by bin, from the lowest probability
 */
export function areaOfBins(positives: readonly number[], all: readonly number[]): number | null {
  let [below, ordered, total] = [0, 0, 0];
  for (const [bin, own] of positives.entries()) {
    const negatives = Math.max(0, (all[bin] as number) - own);
    ordered += own * (below + negatives / 2);
    below += negatives;
    total += own;
  }
  return total > 0 && below > 0 ? ordered / (total * below) : null;
}

/** Ranking and loss of a day: as they came out, and as they come out on average if the scores are calibrated. */
export interface Curves {
  readonly auc: number | null;
  readonly expectedAuc: number | null;
  /** Log loss over that of always saying the share of the positives: normalised entropy. */
  readonly entropy: number | null;
  readonly expectedEntropy: number | null;
}

/** Returns the curves of known sums. The expected ones have the sum of the probabilities in the place of the positives. */
export function curvesOf({ bins, weight, positives, predicted, loss, entropy }: KnownSums): Curves {
  const all = allBins(bins.weight);
  return {
    auc: areaOfBins(allBins(bins.positives), all),
    expectedAuc: areaOfBins(allBins(bins.predicted), all),
    entropy: normalised(loss, positives, weight),
    expectedEntropy: normalised(entropy, predicted, weight),
  };
}

function normalised(loss: number, positives: number, weight: number): number | null {
  const rate = positives / weight;
  if (!(rate > 0 && rate < 1)) return null;
  return loss / (-weight * (rate * Math.log(rate) + (1 - rate) * Math.log(1 - rate)));
}

/** Returns the sum of counts over all bins. */
export function totalOf({ values }: Bins): number {
  return values.reduce((sum, value) => sum + value, 0);
}
