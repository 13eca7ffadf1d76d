import { sortIndices } from '../numbers/sort.ts';
import { type Metric, measured, undefinedMetric } from './metric.ts';
import type { ScoredRows } from './rows.ts';
import { missingClass, sliceByWeight, type Tally, tallyScores, tallyTotals, withoutRows } from './tally.ts';

/**
 * Exact area under the ROC curve: the share of weighted (positive, negative) pairs in which the positive row has the
 * greater probability, a tie counting one half.
 */
export function areaUnderCurve({ positive, negative, unknown }: Tally): Metric {
  let positives = 0;
  let negatives = 0;
  let pairsWon = 0;
  for (let run = 0; run < positive.length; run++) {
    const tiedNegatives = negative[run] as number;
    pairsWon += (positive[run] as number) * (negatives + tiedNegatives / 2);
    positives += positive[run] as number;
    negatives += tiedNegatives;
  }
  if (positives === 0 || negatives === 0)
    return undefinedMetric(missingClass({ positive: positives, negative: negatives, unknown }));
  return measured(pairsWon / (positives * negatives));
}

/** The mean of the groups' AUCs, each with the weight of its rows, over the groups that have both classes. */
export interface GroupedAuc {
  readonly auc: Metric;
  readonly groups: number;
  /** Groups of one class, which have no AUC, and the share of all rows (by weight) that are in them. */
  readonly droppedGroups: number;
  readonly droppedShare: Metric;
}

/** GAUC of the rows in `order` (indices by ascending probability). */
export function groupedAuc(rows: ScoredRows, order: Uint32Array): GroupedAuc {
  if (rows.group === null) return withoutGroups('rows have no group');
  if (order.length === 0) return withoutGroups(withoutRows(rows.label.length));
  const grouped = sortIndices(order, rows.group);
  let [groups, droppedGroups, keptWeight, droppedWeight, weightedAuc] = [0, 0, 0, 0, 0];
  for (let start = 0; start < grouped.length; ) {
    const end = endOfGroup(rows.group, grouped, start);
    const tally = tallyScores(rows, grouped.subarray(start, end));
    const groupWeight = tallyTotals(tally).weight;
    const auc = areaUnderCurve(tally).value;
    groups++;
    if (auc === null) {
      droppedGroups++;
      droppedWeight += groupWeight;
    } else {
      keptWeight += groupWeight;
      weightedAuc += groupWeight * auc;
    }
    start = end;
  }
  return {
    auc: keptWeight > 0 ? measured(weightedAuc / keptWeight) : undefinedMetric('no group has both classes'),
    groups,
    droppedGroups,
    droppedShare: measured(droppedWeight / (keptWeight + droppedWeight)),
  };
}

/** How well the rows of greatest probability cover the positives. */
export interface TopShare {
  /** Share of all rows, by weight, that is picked. */
  readonly share: number;
  readonly precision: Metric;
  readonly recall: Metric;
  readonly f1: Metric;
}

/**
 * Precision, recall and F1 when exactly the given shares of the rows (by weight, not rounded to whole rows) are picked
 * by descending probability. Rows tied at the cut are picked fractionally, each by the same part.
 */
export function topShares(tally: Tally, shares: readonly number[]): TopShare[] {
  const totals = tallyTotals(tally);
  const { positive, weight } = totals;
  if (positive === 0) {
    const none = undefinedMetric(missingClass(totals));
    return shares.map((share) => ({ share, precision: none, recall: none, f1: none }));
  }
  return shares.map((share) => {
    const picked = share * weight;
    const hits = sliceByWeight(tally, [weight - picked])[1]?.positive ?? 0;
    return {
      share,
      precision: measured(hits / picked),
      recall: measured(hits / positive),
      f1: measured((2 * hits) / (picked + positive)),
    };
  });
}

function withoutGroups(reason: string): GroupedAuc {
  return { auc: undefinedMetric(reason), groups: 0, droppedGroups: 0, droppedShare: undefinedMetric(reason) };
}

function endOfGroup(group: Float64Array, grouped: Uint32Array, start: number): number {
  const id = group[grouped[start] as number];
  let end = start + 1;
  while (end < grouped.length && group[grouped[end] as number] === id) end++;
  return end;
}
