import { sortIndices } from '../numbers/sort.ts';
import { type Metric, measured, undefinedMetric } from './metric.ts';
import type { ScoredRows } from './rows.ts';
import { missingClass, sliceByWeight, type Tally, withoutRows } from './tally.ts';

/**
 * Returns the exact area under the ROC curve: the weighted share of (positive, negative) pairs in which the positive
 * row has the greater probability, where a tie counts one half.
 */
export function areaUnderCurve({ positive, negative, totals }: Tally): Metric {
  let positives = 0;
  let negatives = 0;
  let pairsWon = 0;
  for (let run = 0; run < positive.length; run++) {
    const tiedNegatives = negative[run] as number;
    pairsWon += (positive[run] as number) * (negatives + tiedNegatives / 2);
    positives += positive[run] as number;
    negatives += tiedNegatives;
  }
  if (positives === 0 || negatives === 0) return undefinedMetric(missingClass(totals));
  return measured(pairsWon / (positives * negatives));
}

/** Group AUC (GAUC) of rows, and what it leaves out. */
export interface GroupedAuc {
  /** Mean of the AUCs of the groups that have both classes, weighted by their rows. */
  readonly auc: Metric;
  /** Number of all groups. */
  readonly groups: number;
  /** Number of groups that have one class only, and so no AUC. */
  readonly droppedGroups: number;
  /** Share of all rows, by weight, that are in those groups. */
  readonly droppedShare: Metric;
}

/** Returns the GAUC of the rows whose indices are in `order`, which must be sorted by ascending probability. */
export function groupedAuc(rows: ScoredRows, order: Uint32Array): GroupedAuc {
  if (rows.group === null) return withoutGroups('rows have no group');
  if (order.length === 0) return withoutGroups(withoutRows(rows.label.length));
  const grouped = sortIndices(order, rows.group);
  let [groups, droppedGroups, keptWeight, droppedWeight, weightedAuc] = [0, 0, 0, 0, 0];
  for (let start = 0; start < grouped.length; ) {
    const end = endOfGroup(rows.group, grouped, start);
    const { pairsWon, positives, negatives } = pairsOf(rows, grouped, start, end);
    const pairs = positives * negatives;
    groups++;
    if (pairs === 0) {
      droppedGroups++;
      droppedWeight += positives + negatives;
    } else {
      keptWeight += positives + negatives;
      weightedAuc += (positives + negatives) * (pairsWon / pairs);
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

/** Weights of the positive and of the negative rows, and of the pairs of both in which the positive one ranks higher. */
interface Pairs {
  readonly pairsWon: number;
  readonly positives: number;
  readonly negatives: number;
}

/** As `areaUnderCurve`, of the rows at the places from `start` to `end` of an order, without a tally of their own. */
function pairsOf({ probability, label, weight }: ScoredRows, order: Uint32Array, start: number, end: number): Pairs {
  let [pairsWon, positives, negatives] = [0, 0, 0];
  for (let place = start; place < end; ) {
    const score = probability[order[place] as number] as number;
    let [tiedPositives, tiedNegatives] = [0, 0];
    for (; place < end && probability[order[place] as number] === score; place++) {
      const row = order[place] as number;
      const counted = weight === null ? 1 : (weight[row] as number);
      if (label[row] === 1) tiedPositives += counted;
      else tiedNegatives += counted;
    }
    pairsWon += tiedPositives * (negatives + tiedNegatives / 2);
    positives += tiedPositives;
    negatives += tiedNegatives;
  }
  return { pairsWon, positives, negatives };
}

/** Precision, recall and F1 of the rows of greatest probability. */
export interface TopShare {
  /** Share of all rows, by weight, that is picked. */
  readonly share: number;
  readonly precision: Metric;
  readonly recall: Metric;
  readonly f1: Metric;
}

/**
 * Returns precision, recall and F1 for each of the given shares of the rows, picked by descending probability. A share
 * is one of weight, and is not rounded to whole rows: of rows tied at the cut, the same fraction of each is picked.
 */
export function topShares(tally: Tally, shares: readonly number[]): TopShare[] {
  const { positive, weight } = tally.totals;
  if (positive === 0) {
    const none = undefinedMetric(missingClass(tally.totals));
    return shares.map((share) => ({ share, precision: none, recall: none, f1: none }));
  }
  // The widest share begins lowest. Each consists of its own slice and those of the shares within it.
  const widestFirst = shares.toSorted((a, b) => b - a);
  const slices = sliceByWeight(
    tally,
    widestFirst.map((share) => weight - share * weight),
  ).slice(1);
  return shares.map((share) => {
    const picked = share * weight;
    const hits = slices.slice(widestFirst.indexOf(share)).reduce((sum, slice) => sum + slice.positive, 0);
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
