import { type Metric, measured, undefinedMetric } from './metric.ts';
import { missingClass, type Slice, sliceByWeight, type Tally, withoutRows } from './tally.ts';

/**
 * Returns predicted over observed (PCOC): the sum of probabilities divided by the sum of labels. Above 1, the model
 * predicts too many positives.
 */
export function predictedOverObserved({ totals }: Tally): Metric {
  return totals.positive === 0 ? undefinedMetric(missingClass(totals)) : measured(totals.predicted / totals.positive);
}

/**
 * Returns the mean cross-entropy per row, in nats, without epsilon or clipping. It is undefined where a row of
 * probability 0 or 1 has the other label.
 */
export function logLoss({ probability, positive, negative, totals }: Tally): Metric {
  let loss = 0;
  let weight = 0;
  for (let run = 0; run < probability.length; run++) {
    const [score, ones, zeros] = [probability[run] as number, positive[run] as number, negative[run] as number];
    if (score === 0 && ones > 0) return undefinedMetric('infinite: probability 0 where the label is 1');
    if (score === 1 && zeros > 0) return undefinedMetric('infinite: probability 1 where the label is 0');
    // 0 times the logarithm of 0 would be NaN.
    if (ones > 0) loss -= ones * Math.log(score);
    if (zeros > 0) loss -= zeros * Math.log1p(-score);
    weight += ones + zeros;
  }
  return weight === 0 ? undefinedMetric(withoutRows(totals.unknown)) : measured(loss / weight);
}

/**
 * Returns the log loss of a tally divided by that of the constant prediction `trainingRate` on the same rows. Below 1,
 * the model predicts better than the base rate of its training rows.
 */
export function normalizedEntropy(loss: Metric, { totals }: Tally, trainingRate: number): Metric {
  const { positive, negative, weight } = totals;
  if (positive === 0) return undefinedMetric(missingClass(totals));
  if (trainingRate <= 0 || trainingRate >= 1) {
    return undefinedMetric(`training rate ${trainingRate} is not between 0 and 1`);
  }
  if (loss.value === null) return loss;
  const constantLoss = -(positive * Math.log(trainingRate) + negative * Math.log1p(-trainingRate)) / weight;
  return measured(loss.value / constantLoss);
}

/** A bin of the reliability curve. */
export interface ReliabilityBin {
  /** Weight of the rows in the bin. */
  readonly weight: number;
  /** Least probability in the bin. */
  readonly lower: number;
  /** Greatest probability in the bin. */
  readonly upper: number;
  readonly meanPrediction: number;
  /** Share of positives. */
  readonly rate: number;
  /** Predicted over observed; `null` in a bin without positives. */
  readonly pcoc: number | null;
}

/**
 * Returns the rows in bins of equal weight, by ascending probability; rows tied at a cut are divided in proportion.
 * There are no bins where there are no rows.
 */
export function equalWeightSlices(tally: Tally, bins: number): readonly Slice[] {
  if (tally.probability.length === 0) return [];
  const cuts = Array.from({ length: bins - 1 }, (_, bin) => (tally.totals.weight * (bin + 1)) / bins);
  return sliceByWeight(tally, cuts);
}

/** Returns the reliability curve, a bin for each slice. */
export function reliabilityCurve(slices: readonly Slice[]): ReliabilityBin[] {
  return slices.map(({ weight, positive, predicted, lower, upper }) => ({
    weight,
    lower,
    upper,
    meanPrediction: predicted / weight,
    rate: positive / weight,
    pcoc: positive === 0 ? null : predicted / positive,
  }));
}

/**
 * Returns the mean, over slices of equal weight, of |mean prediction - rate|, divided by the rate of all rows. For a
 * model that always predicts c, it is |c - rate| / rate.
 */
export function calibrationError(slices: readonly Slice[], { totals }: Tally): Metric {
  if (totals.positive === 0) return undefinedMetric(missingClass(totals));
  // The weights of the slices cancel out, so that sums can be compared instead of means.
  const gaps = slices.map((slice) => Math.abs(slice.predicted - slice.positive));
  return measured(gaps.reduce((total, gap) => total + gap, 0) / totals.positive);
}
