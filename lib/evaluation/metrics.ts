/** The metrics of a task that are one number each: their names in `metrics.json`, their titles and their formats. */
import { fixed } from '../numbers/text.ts';
import type { Metric } from './metric.ts';
import type { TaskMetrics } from './task.ts';

/** The members of `TaskMetrics` that are one number. */
export type MetricName = {
  [Name in keyof TaskMetrics]: TaskMetrics[Name] extends Metric ? Name : never;
}[keyof TaskMetrics];

interface MetricEntry {
  /** Key in `metrics.json`. */
  readonly key: string;
  /** Title of its column in a table. */
  readonly title: string;
  readonly format: (value: number) => string;
}

const decimals = (count: number) => (value: number) => fixed(value, count);
const digits = (count: number) => (value: number) => value.toPrecision(count);

/** Every metric, in the order of `metrics.json`. */
export const METRICS = {
  baseRate: { key: 'base_rate', title: 'base rate', format: digits(4) },
  meanPrediction: { key: 'mean_prediction', title: 'mean prediction', format: digits(4) },
  pcoc: { key: 'pcoc', title: 'PCOC', format: decimals(3) },
  auc: { key: 'auc', title: 'AUC', format: decimals(4) },
  logLoss: { key: 'log_loss', title: 'log loss', format: digits(4) },
  normalizedEntropy: { key: 'normalized_entropy', title: 'NE', format: decimals(4) },
  calibrationError: { key: 'calibration_error', title: 'calibration error', format: decimals(3) },
} as const satisfies Readonly<Record<MetricName, MetricEntry>>;

/** Columns of the terminal's table, in their order. */
export const TERMINAL_METRICS: readonly MetricName[] = [
  'auc',
  'logLoss',
  'normalizedEntropy',
  'pcoc',
  'calibrationError',
];

/** Columns of the report's table, in their order. */
export const REPORT_METRICS: readonly MetricName[] = ['auc', 'pcoc', 'logLoss', 'normalizedEntropy'];

/** The metrics of a task by their keys in `metrics.json`. */
export type MetricsByKey<Value> = { readonly [Name in MetricName as (typeof METRICS)[Name]['key']]: Value };

/** Returns the metrics of a task by their keys in `metrics.json`. */
export function metricsByKey(metrics: TaskMetrics): MetricsByKey<Metric> {
  const entries = (Object.keys(METRICS) as MetricName[]).map((name) => [METRICS[name].key, metrics[name]] as const);
  return Object.fromEntries(entries) as MetricsByKey<Metric>;
}
