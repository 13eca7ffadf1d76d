/** What the functions tell CloudWatch: log lines in JSON, and metrics within them (the embedded metric format). */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { CandidateFiles } from '../lib/scoring/ports.ts';
import type { Store } from '../lib/store/store.ts';

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

export interface Telemetry {
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Logs and counts under the name in `POWERTOOLS_SERVICE_NAME`. */
export function openTelemetry(): Telemetry {
  return { log: new Logger(), metrics: new Metrics({ namespace: METRICS_NAMESPACE }) };
}

type Counter = Pick<Metrics, 'addMetric'>;

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
