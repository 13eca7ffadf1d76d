import { count } from '../numbers/text.ts';
import { ascendingOrder, type ScoredRows } from './rows.ts';

/**
 * The weight of positive and of negative rows at each distinct probability, ascending. Everything but GAUC is a
 * function of it, so no metric can depend on the order of the rows, tied ones included.
 */
export interface Tally {
  readonly probability: Float32Array;
  readonly positive: Float64Array;
  readonly negative: Float64Array;
  /** Number of rows left out because their label is not known yet. */
  readonly unknown: number;
}

/** Adds up the rows whose label is known. */
export function tallyKnown(rows: ScoredRows, order: Uint32Array = ascendingOrder(rows)): Tally {
  return { ...tallyScores(rows, order), unknown: rows.label.length - order.length };
}

/** Adds up rows of equal probability. `order` holds the indices of the rows to count, by ascending probability. */
export function tallyScores({ probability, label, weight }: ScoredRows, order: Uint32Array): Tally {
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
    unknown: 0,
  };
}

export interface TallyTotals {
  /** Weight of the positive and of the negative rows. */
  readonly positive: number;
  readonly negative: number;
  readonly weight: number;
  /** Sums of weight times probability. */
  readonly predicted: number;
  readonly predictedOfPositives: number;
  readonly predictedOfNegatives: number;
  /** Number of rows left out because their label is not known yet. */
  readonly unknown: number;
}

/** Sums over all rows. */
export function tallyTotals({ probability, positive, negative, unknown }: Tally): TallyTotals {
  const predictedOfPositives = sum(positive, (weight, at) => weight * (probability[at] as number));
  const predictedOfNegatives = sum(negative, (weight, at) => weight * (probability[at] as number));
  const [positives, negatives] = [sum(positive, identity), sum(negative, identity)];
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

/** Why a metric of both classes is undefined for these weights of them. */
export function missingClass({
  positive,
  negative,
  unknown,
}: Pick<TallyTotals, 'positive' | 'negative' | 'unknown'>): string {
  if (positive === 0) return negative === 0 ? withoutRows(unknown) : 'no positive rows';
  return 'no negative rows';
}

/** Why no metric is defined where no row has a known label, and this many an unknown one. */
export function withoutRows(unknown: number): string {
  return unknown === 0 ? 'no rows' : `no rows of known label (${count(unknown)} too young to tell)`;
}

/** Rows between two edges of the cumulative weight. */
export interface Slice {
  readonly weight: number;
  /** Weight of its positive rows. */
  readonly positive: number;
  /** Sum of weight times probability. */
  readonly predicted: number;
  /** Least and greatest probability in it; an empty slice lies at the probability above it. */
  readonly lower: number;
  readonly upper: number;
}

/**
 * Cuts the rows, by ascending probability, where their cumulative weight reaches each edge (ascending, in units of
 * weight): one slice more than edges. An edge inside rows of equal probability, or inside one heavy row, divides
 * their positives and negatives in proportion.
 */
export function sliceByWeight({ probability, positive, negative }: Tally, edges: readonly number[]): Slice[] {
  // Rounding of the sums must not leave a sliver of one run's positives on the wrong side of an edge.
  const sliver = 1e-12 * (sum(positive, identity) + sum(negative, identity));
  const slices: Slice[] = [];
  let run = 0;
  let below = 0;
  let taken = 0;
  for (const edge of [...edges, Infinity]) {
    const slice = { weight: 0, positive: 0, predicted: 0, lower: probability[run] ?? 1, upper: probability[run] ?? 1 };
    for (; run < probability.length; run++) {
      const weight = (positive[run] as number) + (negative[run] as number);
      const upTo = Math.min(weight, edge - below);
      const isCut = upTo < weight - sliver;
      if (!isCut || upTo - taken > sliver) {
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

function sum(column: Float64Array, term: (value: number, index: number) => number): number {
  let total = 0;
  for (let index = 0; index < column.length; index++) total += term(column[index] as number, index);
  return total;
}

function identity(value: number): number {
  return value;
}
