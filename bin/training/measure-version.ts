import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FunnelMetrics } from '../../lib/evaluation/funnel.ts';
import type { MetricsJson } from '../../lib/evaluation/metrics-json.ts';
import { fetchModel, type ModelFiles, openModel, type VersionName } from '../../lib/predictor/open-model.ts';
import type { Store } from '../../lib/store/store.ts';
import { assertAcceptable } from '../../lib/table/check/acceptable.ts';
import { checkLog } from '../../lib/table/check/log.ts';
import { openDatabase } from '../../lib/table/database.ts';
import { PARTS, type Part } from '../../lib/table/encoded.ts';
import { openSource } from '../../lib/table/source/source.ts';
import { evaluateModel, funnelTasks } from '../../lib/training/evaluate-model.ts';
import { withScratch } from '../scratch.ts';
import type { Session } from '../terminal/exit.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import { showProgress } from './show-progress.ts';

export interface MeasureOptions {
  /** The log: a file, folder or glob of Parquet or CSV. */
  readonly data: string;
  readonly part: Part | 'all';
  readonly threads: number;
  /** MiB. */
  readonly memory: number;
  /** Whether no progress is shown. */
  readonly json: boolean;
}

/** Measures a version of a model in a store on a log, with a display of the progress. */
export async function measureVersion(
  store: Store,
  version: VersionName,
  options: MeasureOptions,
  session: Session,
): Promise<FunnelMetrics> {
  return withScratch(session.io.env, async (scratch) => {
    return measure(await fetchModel(store, version, scratch), scratch, options, session);
  });
}

async function measure(
  files: ModelFiles,
  scratch: string,
  { data, part, threads, memory, json }: MeasureOptions,
  { io, signal }: Session,
): Promise<FunnelMetrics> {
  const { declaration, folder } = files;
  const recorded = JSON.parse(await readFile(join(folder, 'metrics.json'), 'utf8')) as MetricsJson;
  const trainingRates = Object.fromEntries(
    funnelTasks(declaration).map((task) => [task.name, recorded.tasks[task.name]?.training_rate ?? Number.NaN]),
  );
  const database = await openDatabase({ threads, memoryLimitMiB: memory, scratch });
  const bar = progressBar(json ? null : io.stderr);
  try {
    const log = await checkLog(database, await openSource(database, data, io.cwd), declaration);
    assertAcceptable(log);
    const model = await openModel(database, files, { threads });
    try {
      const parts = part === 'all' ? PARTS : [part];
      return await evaluateModel({
        database,
        log,
        encoder: model.encoder,
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
