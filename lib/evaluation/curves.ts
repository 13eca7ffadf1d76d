/** Curves of a tally, for people to look at. */
import { sliceByWeight, type Tally, tallyTotals } from './tally.ts';

/** A point of the ROC curve: shares of the negatives and of the positives above a probability. */
export interface RocPoint {
  readonly falsePositives: number;
  readonly truePositives: number;
}

/**
 * The ROC curve from (0, 0) to (1, 1), thinned to about `points` points evenly spread over both axes; tied rows are one
 * straight piece. Empty where a class is missing.
 */
export function rocCurve(tally: Tally, points: number): RocPoint[] {
  const { positive: positives, negative: negatives } = tallyTotals(tally);
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
    // The last sums are those of all rows, but for their rounding.
    curve.push(run === 0 ? { falsePositives: 1, truePositives: 1 } : { falsePositives, truePositives });
  }
  return curve;
}

/** A tenth of the rows, by descending probability. */
export interface LiftBin {
  /** From 1, the greatest probabilities, to 10. */
  readonly tenth: number;
  /** Share of positives in it, and that share over the share among all rows. */
  readonly rate: number;
  readonly lift: number;
}

/** Lift by tenth of the rows by weight, those tied at a cut divided in proportion. Empty where there is no positive row. */
export function liftByTenth(tally: Tally): LiftBin[] {
  const { positive, weight } = tallyTotals(tally);
  if (positive === 0) return [];
  const edges = Array.from({ length: 9 }, (_, edge) => ((edge + 1) * weight) / 10);
  return sliceByWeight(tally, edges)
    .toReversed()
    .map((slice, index) => {
      const rate = slice.weight === 0 ? 0 : slice.positive / slice.weight;
      return { tenth: index + 1, rate, lift: rate / (positive / weight) };
    });
}
