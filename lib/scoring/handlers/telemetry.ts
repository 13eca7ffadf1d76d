/** What functions and training runs tell CloudWatch: lines in JSON, some of them metrics (the embedded metric format). */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Store } from '../../store/store.ts';
import type { CandidateFiles } from '../protocol/ports.ts';

export const METRICS_NAMESPACE = 'entirespace';

/** Names of the metrics; the dimension `service` tells one deployment from another. */
export const METRICS = {
  rowsScored: 'RowsScored',
  rowsRejected: 'RowsRejected',
  shardSeconds: 'ShardSeconds',
  filesPlanned: 'FilesPlanned',
  filesSucceeded: 'FilesSucceeded',
  filesFailed: 'FilesFailed',
  filesOpen: 'FilesOpen',
} as const;

/** Of training runs; the dimension `model` tells one model from another. */
export const RUN_METRICS = {
  EpochLoss: MetricUnit.NoUnit,
  ValidationLoss: MetricUnit.NoUnit,
  RowsPerSecond: MetricUnit.CountPerSecond,
  CheckpointSeconds: MetricUnit.Seconds,
  RunRows: MetricUnit.Count,
  RunSeconds: MetricUnit.Seconds,
  /** 1 for a promotion, 0 for a refusal. */
  Promoted: MetricUnit.Count,
} as const;

export type RunMetricValues = Readonly<Partial<Record<keyof typeof RUN_METRICS, number>>>;

export interface Telemetry {
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Logs and counts under the name in `POWERTOOLS_SERVICE_NAME`. */
export function openTelemetry(): Telemetry {
  return { log: new Logger(), metrics: new Metrics({ namespace: METRICS_NAMESPACE }) };
}

type Counter = Pick<Metrics, 'addMetric'>;

/** Writes values of a model's training run, as one line. */
export type CountRun = (values: RunMetricValues) => void;

export function runCounter(metrics: Metrics, model: string): CountRun {
  metrics.setDefaultDimensions({ model });
  return (values) => {
    for (const [name, value] of Object.entries(values) as [keyof typeof RUN_METRICS, number][])
      metrics.addMetric(name, RUN_METRICS[name], value);
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
      metrics.addMetric(METRICS.rowsScored, MetricUnit.Count, shard.scored);
      metrics.addMetric(METRICS.rowsRejected, MetricUnit.Count, shard.rejected);
      metrics.addMetric(METRICS.shardSeconds, MetricUnit.Seconds, (now() - started) / 1000);
      return shard;
    },
  };
}

/** The same store, which counts the plans and outcomes that are written; each has one writer who succeeds. */
export function countingFiles(store: Store, metrics: Counter): Store {
  return {
    ...store,
    async put(key, body, options) {
      const info = await store.put(key, body, options);
      const metric = metricOfRecord(key, body);
      if (metric !== null) metrics.addMetric(metric, MetricUnit.Count, 1);
      return info;
    },
  };
}

function metricOfRecord(key: string, body: Uint8Array | string): string | null {
  if (/^_work\/[^/]+\/plan\.json$/.test(key)) return METRICS.filesPlanned;
  if (!/^_work\/[^/]+\/outcome\.json$/.test(key)) return null;
  const { status } = JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body));
  if (status === 'succeeded') return METRICS.filesSucceeded;
  return status === 'failed' ? METRICS.filesFailed : null;
}
