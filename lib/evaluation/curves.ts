/** Curves to plot, computed from a tally. */
import { sliceByWeight, type Tally } from './tally.ts';

/** A point of the ROC curve: shares of the negatives and of the positives above a probability. */
export interface RocPoint {
  readonly falsePositives: number;
  readonly truePositives: number;
}

/**
 * Returns the ROC curve from (0, 0) to (1, 1), thinned to about `points` points spread evenly over both axes. Tied rows
 * are one straight segment. The curve is empty where a class is missing.
 */
export function rocCurve(tally: Tally, points: number): RocPoint[] {
  const { positive: positives, negative: negatives } = tally.totals;
  if (positives === 0 || negatives === 0) return [];
  const curve: RocPoint[] = [{ falsePositives: 0, truePositives: 0 }];
  let [hits, alarms, last] = [0, 0, 0];
  for (let run = tally.probability.length - 1; run >= 0; run--) {
    hits += tally.positive[run] as number;
    alarms += tally.negative[run] as number;
    const [falsePositives, truePositives] = [alarms / negatives, hits / positives];
    const isFar = falsePositives + truePositives - last >= 2 / points;
    if (!isFar && run > 0) continue;
    last = falsePositives + truePositives;
    // The last point is (1, 1), which rounded sums may miss.
    curve.push(run === 0 ? { falsePositives: 1, truePositives: 1 } : { falsePositives, truePositives });
  }
  return curve;
}

/** A tenth of the rows, by descending probability. */
export interface LiftBin {
  /** Number of the tenth, from 1 for the greatest probabilities to 10. */
  readonly tenth: number;
  /** Share of positives in the tenth. */
  readonly rate: number;
  /** That share divided by the share of positives among all rows. */
  readonly lift: number;
}

/**
 * Returns the lift of each tenth of the rows, by weight; rows tied at a cut are divided in proportion. The result is
 * empty where no row is positive.
 */
export function liftByTenth(tally: Tally): LiftBin[] {
  const { positive, weight } = tally.totals;
  if (positive === 0) return [];
  const cuts = Array.from({ length: 9 }, (_, cut) => ((cut + 1) * weight) / 10);
  return sliceByWeight(tally, cuts)
    .toReversed()
    .map((slice, index) => {
      const rate = slice.weight === 0 ? 0 : slice.positive / slice.weight;
      return { tenth: index + 1, rate, lift: rate / (positive / weight) };
    });
}
