import { type LiftBin, liftByTenth, type RocPoint, rocCurve } from './curves.ts';
import { type Metric, measured, undefinedMetric } from './metric.ts';
import { areaUnderCurve, type GroupedAuc, groupedAuc, type TopShare, topShares } from './ranking.ts';
import {
  calibrationError,
  equalWeightSlices,
  logLoss,
  normalizedEntropy,
  predictedOverObserved,
  type ReliabilityBin,
  reliabilityCurve,
} from './reliability.ts';
import { ascendingOrder, checkRows, type ScoredRows } from './rows.ts';
import { tallyKnown, withoutRows } from './tally.ts';

/** Number of bins of the calibration error and of the reliability curve. */
export const CALIBRATION_BINS = 20;
/** Shares of the rows, picked by descending probability, at which precision, recall and F1 are measured. */
export const TOP_SHARES: readonly number[] = [0.001, 0.006, 0.01];

/** About how many points a ROC curve has. */
const ROC_POINTS = 120;

/** Metrics of one output against one label. All but the three counts are weighted. */
export interface TaskMetrics {
  /** Number of rows whose label is known. */
  readonly rows: number;
  /** Number of rows left out because their label is not known yet. */
  readonly unknown: number;
  /** Number of rows with label 1. */
  readonly positives: number;
  /** Mean label. */
  readonly baseRate: Metric;
  /** Mean probability. */
  readonly meanPrediction: Metric;
  /** Predicted over observed: the sum of probabilities divided by the sum of labels. */
  readonly pcoc: Metric;
  readonly auc: Metric;
  readonly gauc: GroupedAuc;
  /** Mean log loss per row, in nats. */
  readonly logLoss: Metric;
  /** Mean label of the training rows: the constant prediction that `normalizedEntropy` compares with. */
  readonly trainingRate: number;
  readonly normalizedEntropy: Metric;
  readonly calibrationError: Metric;
  readonly reliability: readonly ReliabilityBin[];
  readonly topShares: readonly TopShare[];
  readonly roc: readonly RocPoint[];
  readonly lift: readonly LiftBin[];
}

/**
 * Measures one output against one label. The result does not depend on the order of the rows, to the last bit.
 * @throws {RangeError} naming the columns of another length or with values out of range.
 */
export function evaluateTask(rows: ScoredRows, { trainingRate }: { readonly trainingRate: number }): TaskMetrics {
  checkRows(rows);
  const order = ascendingOrder(rows);
  const tally = tallyKnown(rows, order);
  const { positive, predicted, weight, unknown } = tally.totals;
  const slices = equalWeightSlices(tally, CALIBRATION_BINS);
  const loss = logLoss(tally);
  const meanOf = (total: number) => (weight === 0 ? undefinedMetric(withoutRows(unknown)) : measured(total / weight));
  return {
    rows: order.length,
    unknown,
    positives: positiveRows(rows.label),
    baseRate: meanOf(positive),
    meanPrediction: meanOf(predicted),
    pcoc: predictedOverObserved(tally),
    auc: areaUnderCurve(tally),
    gauc: groupedAuc(rows, order),
    logLoss: loss,
    trainingRate,
    normalizedEntropy: normalizedEntropy(loss, tally, trainingRate),
    calibrationError: calibrationError(slices, tally),
    reliability: reliabilityCurve(slices),
    topShares: topShares(tally, TOP_SHARES),
    roc: rocCurve(tally, ROC_POINTS),
    lift: liftByTenth(tally),
  };
}

function positiveRows(label: Int8Array): number {
  let count = 0;
  for (const value of label) if (value === 1) count++;
  return count;
}
