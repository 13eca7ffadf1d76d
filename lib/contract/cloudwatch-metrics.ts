/** Names and units of the metrics: the processes count by them, alarms and dashboards watch by them. */

export const METRICS_NAMESPACE = 'entirespace';

/** Dimension that tells one deployment from another. */
export const DEPLOYMENT_DIMENSION = 'service';

/** Dimension that tells one model from another, of the metrics of training runs. */
export const MODEL_DIMENSION = 'model';

/** What the scoring functions count. */
export const SCORING_METRICS = {
  RowsScored: 'Count',
  RowsRejected: 'Count',
  /** Rows that ranks keep of those that are scored, by the file; only where scores are ranked. */
  RowsKept: 'Count',
  /** Time spent on one shard. */
  ShardSeconds: 'Seconds',
  FilesPlanned: 'Count',
  FilesSucceeded: 'Count',
  FilesFailed: 'Count',
  /** Files with a plan and no outcome, looked at on a schedule. */
  FilesOpen: 'Count',
  /**
   * Of a scored file, in points: how far the share of a feature's unknown values, or of rows without a value of it, is
   * above the share that is usual for the model. Of all features the largest; 0 where none is above.
   */
  UnknownAboveUsual: 'Percent',
  MissingAboveUsual: 'Percent',
} as const;

export type ScoringMetric = keyof typeof SCORING_METRICS;

/** What a training run counts. */
export const RUN_METRICS = {
  EpochLoss: 'None',
  ValidationLoss: 'None',
  RowsPerSecond: 'Count/Second',
  CheckpointSeconds: 'Seconds',
  RunRows: 'Count',
  RunSeconds: 'Seconds',
  /** 1 for a promotion, 0 for a refusal. */
  Promoted: 'Count',
} as const;

export type RunMetric = keyof typeof RUN_METRICS;

/** What a scheduled run of monitoring counts. */
export const MONITORING_METRICS = {
  /** Of the verdict: 0 for ok, 1 for watch, 2 for act. */
  MonitoringLevel: 'None',
  /** Findings that hold. */
  MonitoringFindings: 'Count',
  /** Findings that an event has reported in this run. */
  MonitoringNews: 'Count',
  MonitoringSeconds: 'Seconds',
} as const;

export type MonitoringMetric = keyof typeof MONITORING_METRICS;
