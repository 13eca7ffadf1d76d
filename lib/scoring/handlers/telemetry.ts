/**
 * What functions and training runs write for CloudWatch: lines of JSON, some of them metrics (the embedded metric
 * format).
 */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { PREFIXES, parseWorkKey, WORK_RECORDS } from '../../contract/bucket.ts';
import {
  METRICS_NAMESPACE,
  MODEL_DIMENSION,
  MONITORING_METRICS,
  type MonitoringMetric,
  RUN_METRICS,
  type RunMetric,
  SCORING_METRICS,
  type ScoringMetric,
} from '../../contract/cloudwatch-metrics.ts';
import type { ConditionalPut } from '../../store/conditional-put.ts';
import type { CandidateFiles } from '../protocol/ports.ts';
import type { Outcome } from '../protocol/records.ts';
import { aboveUsual } from '../protocol/value-shares.ts';

/** Some of the values of a run, each under its metric's name. */
type MetricValues<Name extends string> = Readonly<Partial<Record<Name, number>>>;

export interface Telemetry {
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Logs and counts under the name in `POWERTOOLS_SERVICE_NAME`. */
export function openTelemetry(): Telemetry {
  return { log: new Logger(), metrics: new Metrics({ namespace: METRICS_NAMESPACE }) };
}

type Counter = Pick<Metrics, 'addMetric'>;

/** Adds a value of what the scoring functions count. */
export function countScoring(metrics: Counter, name: ScoringMetric, value: number): void {
  metrics.addMetric(name, SCORING_METRICS[name], value);
}

/** Writes values of a model's training run, as one line. */
export type CountRun = (values: MetricValues<RunMetric>) => void;

export function runCounter(metrics: Metrics, model: string): CountRun {
  return counterOf(metrics, model, RUN_METRICS);
}

/** Writes values of a model's run of monitoring, as one line. */
export type CountMonitoring = (values: MetricValues<MonitoringMetric>) => void;

export function monitoringCounter(metrics: Metrics, model: string): CountMonitoring {
  return counterOf(metrics, model, MONITORING_METRICS);
}

function counterOf<Name extends string>(
  metrics: Metrics,
  model: string,
  units: Readonly<Record<Name, (typeof RUN_METRICS)[RunMetric]>>,
): (values: MetricValues<Name>) => void {
  metrics.setDefaultDimensions({ [MODEL_DIMENSION]: model });
  return (values) => {
    for (const [name, value] of Object.entries(values) as [Name, number][]) metrics.addMetric(name, units[name], value);
    metrics.publishStoredMetrics();
  };
}

/** The same port, which counts rows and seconds of the shards that it scores. */
export function countingRows(files: CandidateFiles, metrics: Counter, now = () => Date.now()): CandidateFiles {
  return {
    plan: (file, model) => files.plan(file, model),
    async scoreShard(request) {
      const started = now();
      const shard = await files.scoreShard(request);
      countScoring(metrics, 'RowsScored', shard.scored);
      countScoring(metrics, 'RowsRejected', shard.rejected);
      countScoring(metrics, 'ShardSeconds', (now() - started) / 1000);
      return shard;
    },
    rankPart: (request) => files.rankPart(request),
  };
}

/** Counts the plans and outcomes that are written under a condition, of which each has one successful writer. */
export function countFiles(metrics: Counter): (put: Pick<ConditionalPut, 'key' | 'content'>) => void {
  return (put) => {
    for (const [name, value] of metricsOfRecord(put)) countScoring(metrics, name, value);
  };
}

function metricsOfRecord({ key, content }: Pick<ConditionalPut, 'key' | 'content'>): [ScoringMetric, number][] {
  if (!key.startsWith(PREFIXES.work) || typeof content !== 'string') return [];
  const { name } = parseWorkKey(key);
  if (name === WORK_RECORDS.plan) return [['FilesPlanned', 1]];
  if (name !== WORK_RECORDS.outcome) return [];
  const outcome = JSON.parse(content) as Outcome;
  if (outcome.status === 'failed') return [['FilesFailed', 1]];
  if (outcome.status === 'reopened') return [];
  const { features, ranking } = outcome.manifest;
  const { missing, unknown } = aboveUsual(features);
  return [
    ['FilesSucceeded', 1],
    ...(ranking === undefined ? [] : [['RowsKept', ranking.kept] as [ScoringMetric, number]]),
    ['UnknownAboveUsual', 100 * unknown],
    ['MissingAboveUsual', 100 * missing],
  ];
}
