import { type Metric, measured, undefinedMetric } from './metric.ts';
import { areaUnderCurve, type GroupedAuc, groupedAuc, type TopShare, topShares } from './ranking.ts';
import {
  calibrationError,
  logLoss,
  normalizedEntropy,
  predictedOverObserved,
  type ReliabilityBin,
  reliabilityCurve,
} from './reliability.ts';
import { ascendingOrder, checkRows, type ScoredRows } from './rows.ts';
import { tallyKnown, tallyTotals, withoutRows } from './tally.ts';

/** Bins of the calibration error and of the reliability curve. */
export const CALIBRATION_BINS = 20;
/** Shares of the rows for precision, recall and F1 at the top. */
export const TOP_SHARES: readonly number[] = [0.001, 0.006, 0.01];

/** Metrics of one output against one label. All but the three counts are weighted. */
export interface TaskMetrics {
  /** Rows whose label is known. */
  readonly rows: number;
  /** Rows left out because their label is not known yet. */
  readonly unknown: number;
  /** Rows with label 1. */
  readonly positives: number;
  /** Mean label, and mean probability. */
  readonly baseRate: Metric;
  readonly meanPrediction: Metric;
  /** Sum of probabilities over sum of labels. */
  readonly pcoc: Metric;
  readonly auc: Metric;
  readonly gauc: GroupedAuc;
  /** Nats a row. */
  readonly logLoss: Metric;
  /** Mean label of the training rows: the constant prediction that `normalizedEntropy` is relative to. */
  readonly trainingRate: number;
  readonly normalizedEntropy: Metric;
  readonly calibrationError: Metric;
  readonly reliability: readonly ReliabilityBin[];
  readonly topShares: readonly TopShare[];
}

/**
 * Measures one output against one label. The result is the same, to the last bit, for every order of the rows. Throws
 * a RangeError that names the columns with values out of range.
 */
export function evaluateTask(rows: ScoredRows, { trainingRate }: { readonly trainingRate: number }): TaskMetrics {
  checkRows(rows);
  const order = ascendingOrder(rows);
  const tally = tallyKnown(rows, order);
  const { positive, predicted, weight, unknown } = tallyTotals(tally);
  const meanOf = (total: number) => (weight === 0 ? undefinedMetric(withoutRows(unknown)) : measured(total / weight));
  return {
    rows: order.length,
    unknown,
    positives: order.reduce((count, row) => count + (rows.label[row] as number), 0),
    baseRate: meanOf(positive),
    meanPrediction: meanOf(predicted),
    pcoc: predictedOverObserved(tally),
    auc: areaUnderCurve(tally),
    gauc: groupedAuc(rows, order),
    logLoss: logLoss(tally),
    trainingRate,
    normalizedEntropy: normalizedEntropy(tally, trainingRate),
    calibrationError: calibrationError(tally, CALIBRATION_BINS),
    reliability: reliabilityCurve(tally, CALIBRATION_BINS),
    topShares: topShares(tally, TOP_SHARES),
  };
}
