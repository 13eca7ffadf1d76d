import { count } from '../numbers/text.ts';
import { ascendingOrder, type ScoredRows } from './rows.ts';

/**
 * The weight of the positive and of the negative rows at each distinct probability, in ascending order. The rows of one
 * probability are called a run. All metrics but GAUC are computed from a tally, so that they cannot depend on the order
 * of the rows, tied ones included.
 */
export interface Tally {
  readonly probability: Float32Array;
  readonly positive: Float64Array;
  readonly negative: Float64Array;
  /** Sums over all of its rows. */
  readonly totals: TallyTotals;
}

/** The runs of a tally, column by column. */
type Runs = Pick<Tally, 'probability' | 'positive' | 'negative'>;

/** Tallies the rows whose label is known; `order` has their indices, sorted by ascending probability. */
export function tallyKnown(rows: ScoredRows, order: Uint32Array = ascendingOrder(rows)): Tally {
  return tallyOf(runsOf(rows, order), rows.label.length - order.length);
}

/** Returns the tally of runs in ascending order, beside `unknown` rows that are left out. */
export function tallyOf(runs: Runs, unknown: number): Tally {
  return { ...runs, totals: totalsOf(runs, unknown) };
}

function runsOf({ probability, label, weight }: ScoredRows, order: Uint32Array): Runs {
  const distinct = new Float32Array(order.length);
  const positive = new Float64Array(order.length);
  const negative = new Float64Array(order.length);
  let last = -1;
  for (const row of order) {
    const score = probability[row] as number;
    if (last < 0 || distinct[last] !== score) distinct[++last] = score;
    const side = label[row] === 1 ? positive : negative;
    side[last] = (side[last] as number) + (weight === null ? 1 : (weight[row] as number));
  }
  return {
    probability: distinct.subarray(0, last + 1),
    positive: positive.subarray(0, last + 1),
    negative: negative.subarray(0, last + 1),
  };
}

/** Sums over all rows of a tally. */
export interface TallyTotals {
  /** Weight of the positive rows. */
  readonly positive: number;
  /** Weight of the negative rows. */
  readonly negative: number;
  /** Weight of all rows. */
  readonly weight: number;
  /** Sum of weight times probability. */
  readonly predicted: number;
  /** The same sum over the positive rows only. */
  readonly predictedOfPositives: number;
  /** The same sum over the negative rows only. */
  readonly predictedOfNegatives: number;
  /** Number of rows left out because their label is not known yet. */
  readonly unknown: number;
}

function totalsOf({ probability, positive, negative }: Runs, unknown: number): TallyTotals {
  let [positives, negatives, predictedOfPositives, predictedOfNegatives] = [0, 0, 0, 0];
  for (let run = 0; run < probability.length; run++) {
    const [score, ones, zeros] = [probability[run] as number, positive[run] as number, negative[run] as number];
    positives += ones;
    negatives += zeros;
    predictedOfPositives += ones * score;
    predictedOfNegatives += zeros * score;
  }
  return {
    positive: positives,
    negative: negatives,
    weight: positives + negatives,
    predicted: predictedOfPositives + predictedOfNegatives,
    predictedOfPositives,
    predictedOfNegatives,
    unknown,
  };
}

/** Returns the reason why a metric that needs both classes is undefined, from the weights of the classes. */
export function missingClass({
  positive,
  negative,
  unknown,
}: Pick<TallyTotals, 'positive' | 'negative' | 'unknown'>): string {
  if (positive === 0) return negative === 0 ? withoutRows(unknown) : 'no positive rows';
  return 'no negative rows';
}

/** Returns the reason why no metric is defined where no row has a known label; `unknown` rows have an unknown one. */
export function withoutRows(unknown: number): string {
  return unknown === 0 ? 'no rows' : `no rows of known label (${count(unknown)} too young to tell)`;
}

/** The rows between two cuts of the cumulative weight. */
export interface Slice {
  readonly weight: number;
  /** Weight of its positive rows. */
  readonly positive: number;
  /** Sum of weight times probability. */
  readonly predicted: number;
  /** Least probability in the slice. In an empty slice, it is the probability of the next row above it. */
  readonly lower: number;
  /** Greatest probability in the slice. In an empty slice, it equals `lower`. */
  readonly upper: number;
}

/**
 * Slices the rows, in the order of ascending probability, where their cumulative weight reaches each cut. The cuts must
 * ascend; there is one slice more than cuts. A cut within a run divides its positives and negatives in proportion.
 */
export function sliceByWeight({ probability, positive, negative, totals }: Tally, cuts: readonly number[]): Slice[] {
  // Rounding errors of the sums must not move a tiny part of a run to the wrong side of a cut.
  const tolerance = 1e-12 * totals.weight;
  const slices: Slice[] = [];
  let run = 0;
  let below = 0;
  let taken = 0;
  for (const cut of [...cuts, Infinity]) {
    const slice = { weight: 0, positive: 0, predicted: 0, lower: probability[run] ?? 1, upper: probability[run] ?? 1 };
    for (; run < probability.length; run++) {
      const weight = (positive[run] as number) + (negative[run] as number);
      const upTo = Math.min(weight, cut - below);
      const isCut = upTo < weight - tolerance;
      if (!isCut || upTo - taken > tolerance) {
        const share = ((isCut ? upTo : weight) - taken) / weight;
        slice.weight += share * weight;
        slice.positive += share * (positive[run] as number);
        slice.predicted += share * weight * (probability[run] as number);
        slice.upper = probability[run] as number;
        taken = isCut ? upTo : 0;
      }
      if (isCut) break;
      below += weight;
    }
    slices.push(slice);
  }
  return slices;
}
