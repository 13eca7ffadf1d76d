import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDeclaration } from '../../lib/config/parse-declaration.ts';
import { openScoringModel } from '../../lib/engine/ort/scoring-model.ts';
import type { FunnelMetrics } from '../../lib/evaluation/funnel.ts';
import { type MetricsJson, metricsJson } from '../../lib/evaluation/metrics-json.ts';
import { formatMetricsTable } from '../../lib/evaluation/metrics-table.ts';
import { fetchVersion } from '../../lib/registry/fetch-version.ts';
import { assertAcceptable, checkLog } from '../../lib/table/check/log.ts';
import { openDatabase } from '../../lib/table/database.ts';
import { PARTS, type Part } from '../../lib/table/encoded.ts';
import { readEncoder } from '../../lib/table/fit/encoder-files.ts';
import { openSource } from '../../lib/table/source/source.ts';
import { evaluateModel, funnelTasks } from '../../lib/training/evaluate-model.ts';
import { type EndpointOptions, openBucket } from '../bucket.ts';
import { chosenModel, requireCurrent } from '../chosen-model.ts';
import { EXIT_CODES } from '../exit.ts';
import { progressBar, silentBar } from '../progress-bar.ts';
import { withScratch } from '../scratch.ts';
import { showProgress } from './train.ts';

export interface EvaluateCommandOptions extends EndpointOptions {
  readonly data: string;
  readonly bucket: string;
  readonly model?: string;
  readonly version?: string;
  readonly part: Part | 'all';
  readonly threads: number;
  readonly memory: number;
  readonly json: boolean;
}

/** Measures a version on a log and prints the metrics. */
export async function evaluate(options: EvaluateCommandOptions, signal: AbortSignal) {
  const store = await openBucket(options.bucket, 'read', options);
  const name = await chosenModel(store, options.model);
  const version = options.version ?? (await requireCurrent(store, name));
  const metrics = await withScratch(async (scratch) => {
    const folder = await fetchVersion(store, name, version, scratch);
    return measure(folder, scratch, options, signal);
  });
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ name, version, metrics: metricsJson(metrics) })}\n`
      : `${formatMetricsTable(metrics)}\n`,
  );
  return EXIT_CODES.success;
}

async function measure(
  folder: string,
  scratch: string,
  { data, part, threads, memory, json }: EvaluateCommandOptions,
  signal: AbortSignal,
): Promise<FunnelMetrics> {
  const { declaration } = await readDeclaration(join(folder, 'declaration.yaml'));
  const recorded = JSON.parse(await readFile(join(folder, 'metrics.json'), 'utf8')) as MetricsJson;
  const trainingRates = Object.fromEntries(
    funnelTasks(declaration).map((task) => [task.name, recorded.tasks[task.name]?.training_rate ?? Number.NaN]),
  );
  const database = await openDatabase({ threads, memoryLimitMiB: memory, scratch });
  const bar = json ? silentBar : progressBar();
  try {
    const log = await checkLog(database, await openSource(database, data), declaration);
    assertAcceptable(log);
    const encoder = await readEncoder(database, folder);
    const model = await openScoringModel(folder, { threads });
    try {
      const parts = part === 'all' ? PARTS : [part];
      return await evaluateModel({
        database,
        log,
        encoder,
        model,
        parts,
        trainingRates,
        onProgress: (progress) => showProgress(bar, progress),
        signal,
      });
    } finally {
      await model.release();
    }
  } finally {
    bar.stop();
    await database.close();
  }
}
