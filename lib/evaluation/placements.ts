import type { ScoredRows } from './rows.ts';

/**
 * Returns the place of each row among those of the other class (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988):
 * of a positive row the share of all negatives that rank lower, of a negative one the share of all positives that rank
 * higher, where a tie counts one half. The mean of either class is the AUC; NaN where a class is missing.
 *
 * @param order indices of the rows, sorted by ascending probability
 * @returns the places in that order
 */
export function placements(
  { probability, label, weight }: Pick<ScoredRows, 'probability' | 'label' | 'weight'>,
  order: Uint32Array,
): Float64Array {
  const weightOf = (row: number) => (weight === null ? 1 : (weight[row] as number));
  let [positives, negatives] = [0, 0];
  for (const row of order) {
    if (label[row] === 1) positives += weightOf(row);
    else negatives += weightOf(row);
  }
  const places = new Float64Array(order.length);
  let [positivesBelow, negativesBelow] = [0, 0];
  for (let start = 0; start < order.length; ) {
    const score = probability[order[start] as number];
    let [tiedPositives, tiedNegatives, end] = [0, 0, start];
    for (; end < order.length && probability[order[end] as number] === score; end++) {
      const row = order[end] as number;
      if (label[row] === 1) tiedPositives += weightOf(row);
      else tiedNegatives += weightOf(row);
    }
    const lower = (negativesBelow + tiedNegatives / 2) / negatives;
    const higher = (positives - positivesBelow - tiedPositives / 2) / positives;
    for (; start < end; start++) places[start] = label[order[start] as number] === 1 ? lower : higher;
    positivesBelow += tiedPositives;
    negativesBelow += tiedNegatives;
  }
  return places;
}
