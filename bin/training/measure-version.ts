import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { evaluateFunnel, type FunnelMetrics } from '../../lib/evaluation/funnel.ts';
import type { MetricsJson } from '../../lib/evaluation/metrics-json.ts';
import { fetchModel, type ModelFiles, openModel, type VersionName } from '../../lib/predictor/open-model.ts';
import type { Store } from '../../lib/store/store.ts';
import { assertAcceptable } from '../../lib/table/check/acceptable.ts';
import { PARTS, type Part } from '../../lib/table/encoded.ts';
import { withLog } from '../../lib/table/open-log.ts';
import { funnelTasks } from '../../lib/training/held-out/funnel-tasks.ts';
import { scoreLog } from '../../lib/training/held-out/predict.ts';
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
  const tasks = funnelTasks(declaration);
  const recorded = JSON.parse(await readFile(join(folder, 'metrics.json'), 'utf8')) as MetricsJson;
  const trainingRates = Object.fromEntries(
    tasks.map(({ name }) => [name, recorded.tasks[name]?.training_rate ?? Number.NaN]),
  );
  const log = { declaration, dataPath: data, cwd: io.cwd, scratch, threads, memoryLimitMiB: memory, signal };
  const bar = progressBar(json ? null : io.stderr);
  try {
    return await withLog(log, async (opened) => {
      assertAcceptable(opened.log);
      const model = await openModel(opened.database, files, { threads });
      try {
        const scored = await scoreLog(opened, model, part === 'all' ? PARTS : [part], {
          phase: 'evaluate',
          onProgress: (progress) => showProgress(bar, progress),
          signal,
        });
        return evaluateFunnel(scored, { tasks, trainingRates });
      } finally {
        await model.release();
      }
    });
  } finally {
    bar.stop();
  }
}
