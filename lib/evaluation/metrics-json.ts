import type { FunnelMetrics, FunnelTaskMetrics } from './funnel.ts';
import type { Metric } from './metric.ts';
import { type MetricsByKey, metricsByKey } from './metrics.ts';

/**
 * `metrics.json` of a model version. A metric that the rows do not define is `null`, with the reason under the same key
 * in `reasons`.
 */
export interface MetricsJson {
  /** The metrics by task name. */
  readonly tasks: Readonly<Record<string, TaskMetricsJson>>;
  readonly ctcvr_auc_own: number | null;
  readonly ctcvr_auc_shared_ctr: number | null;
  /** The same model before its calibration, by task name; left out where nothing was calibrated. */
  readonly before_calibration?: Readonly<Record<string, ComparedJson>>;
  /** Share of the rows in which a quotient of probabilities was clipped to 1, by output; left out where none is. */
  readonly clipped_share?: Readonly<Record<string, number>>;
  readonly reasons: Reasons;
}

/** What calibration may change of a task. */
export type ComparedJson = Pick<MetricsByKey<number | null>, 'pcoc' | 'auc' | 'log_loss' | 'calibration_error'>;

/** The metrics of a task in `metrics.json`; their meaning is that of `TaskMetrics`. */
export interface TaskMetricsJson extends MetricsByKey<number | null> {
  readonly output: string;
  readonly label: string;
  readonly given: string | null;
  readonly rows: number;
  readonly unknown: number;
  readonly positives: number;
  /** `null` without a reason where the task measures all rows. */
  readonly mean_prediction_reached: number | null;
  readonly mean_prediction_not_reached: number | null;
  readonly gauc: number | null;
  readonly gauc_groups: number;
  readonly gauc_dropped_groups: number;
  readonly gauc_dropped_share: number | null;
  readonly training_rate: number;
  readonly top_k: readonly TopShareJson[];
  readonly reliability: readonly ReliabilityBinJson[];
  readonly reasons: Reasons;
}

/** Precision, recall and F1 at a share of the rows, in `metrics.json`. */
export interface TopShareJson {
  readonly share: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
}

/** A bin of the reliability curve in `metrics.json`. */
export interface ReliabilityBinJson {
  readonly weight: number;
  readonly lower: number;
  readonly upper: number;
  readonly mean_prediction: number;
  readonly rate: number;
  readonly pcoc: number | null;
}

type Reasons = Readonly<Record<string, string>>;

/** Returns the metrics under the stable snake_case keys of `metrics.json`. */
export function metricsJson(
  { tasks, ctcvrAucOwn, ctcvrAucSharedCtr }: FunnelMetrics,
  uncalibrated: FunnelMetrics | null = null,
  clipped: MetricsJson['clipped_share'] | null = null,
): MetricsJson {
  return {
    tasks: Object.fromEntries(tasks.map((metrics) => [metrics.task.name, taskJson(metrics)])),
    ctcvr_auc_own: ctcvrAucOwn.value,
    ctcvr_auc_shared_ctr: ctcvrAucSharedCtr.value,
    ...(uncalibrated && { before_calibration: comparedMetrics(uncalibrated) }),
    ...(clipped && { clipped_share: clipped }),
    reasons: reasonsOf({ ctcvr_auc_own: ctcvrAucOwn, ctcvr_auc_shared_ctr: ctcvrAucSharedCtr }),
  };
}

/** Returns what calibration may change of each task, by task name. */
export function comparedMetrics({ tasks }: FunnelMetrics): Record<string, ComparedJson> {
  return Object.fromEntries(
    tasks.map(({ task, pcoc, auc, logLoss, calibrationError }) => [
      task.name,
      { pcoc: pcoc.value, auc: auc.value, log_loss: logLoss.value, calibration_error: calibrationError.value },
    ]),
  );
}

function taskJson(metrics: FunnelTaskMetrics): TaskMetricsJson {
  const { task, gauc, reliability, topShares, meanPredictionReached, meanPredictionNotReached } = metrics;
  const byKey = metricsByKey(metrics);
  return {
    output: task.output,
    label: task.label,
    given: task.given,
    rows: metrics.rows,
    unknown: metrics.unknown,
    positives: metrics.positives,
    ...valuesOf(byKey),
    mean_prediction_reached: meanPredictionReached?.value ?? null,
    mean_prediction_not_reached: meanPredictionNotReached?.value ?? null,
    gauc: gauc.auc.value,
    gauc_groups: gauc.groups,
    gauc_dropped_groups: gauc.droppedGroups,
    gauc_dropped_share: gauc.droppedShare.value,
    training_rate: metrics.trainingRate,
    top_k: topShares.map(({ share, precision, recall, f1 }) => ({
      share,
      precision: precision.value,
      recall: recall.value,
      f1: f1.value,
    })),
    reliability: reliability.map(({ meanPrediction, weight, lower, upper, rate, pcoc }) => ({
      weight,
      lower,
      upper,
      mean_prediction: meanPrediction,
      rate,
      pcoc,
    })),
    reasons: reasonsOf({
      ...byKey,
      mean_prediction_reached: meanPredictionReached,
      mean_prediction_not_reached: meanPredictionNotReached,
      gauc: gauc.auc,
      gauc_dropped_share: gauc.droppedShare,
      // Either all three metrics of every share are defined, or none is.
      top_k: topShares[0]?.recall ?? null,
    }),
  };
}

function valuesOf(metrics: MetricsByKey<Metric>): MetricsByKey<number | null> {
  const values = Object.entries(metrics).map(([key, { value }]) => [key, value] as const);
  return Object.fromEntries(values) as MetricsByKey<number | null>;
}

function reasonsOf(metrics: Readonly<Record<string, Metric | null>>): Reasons {
  return Object.fromEntries(
    Object.entries(metrics).flatMap(([key, metric]) => (metric?.value === null ? [[key, metric.reason]] : [])),
  );
}
