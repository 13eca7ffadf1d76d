import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Declaration } from '../../lib/config/declaration.ts';
import { evaluateFunnel, type FunnelMetrics } from '../../lib/evaluation/funnel.ts';
import type { MetricsJson } from '../../lib/evaluation/metrics-json.ts';
import { count } from '../../lib/numbers/text.ts';
import type { VersionName } from '../../lib/predictor/begin-version.ts';
import { fetchModel, type ModelFiles, openModel } from '../../lib/predictor/open-model.ts';
import type { ModelManifest } from '../../lib/registry/manifest.ts';
import { readManifest } from '../../lib/registry/versions.ts';
import type { Store } from '../../lib/store/store.ts';
import { assertAcceptable } from '../../lib/table/check/acceptable.ts';
import { countParts, type PartsOfRows } from '../../lib/table/check/outcomes.ts';
import { PARTS, type Part } from '../../lib/table/encoded.ts';
import { withLog } from '../../lib/table/open-log.ts';
import { funnelTasks, measurableTasks } from '../../lib/training/held-out/funnel-tasks.ts';
import { scoreLog } from '../../lib/training/held-out/predict.ts';
import { withScratch } from '../scratch.ts';
import type { Session } from '../terminal/exit.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import { progressOn } from './show-progress.ts';

export interface MeasureOptions {
  /** The log: files, folders or globs of Parquet or CSV. */
  readonly data: readonly string[];
  readonly part: Part | 'all';
  readonly threads: number;
  /** MiB. */
  readonly memory: number;
}

/** Metrics of a version, and the rows that they are of. */
export interface MeasuredVersion {
  readonly metrics: FunnelMetrics;
  readonly part: Part | 'all';
  /** Rows that were measured, and good rows of the log. */
  readonly rows: number;
  readonly allRows: number;
  /** What a user should know of the rows, one sentence each. */
  readonly notes: readonly string[];
}

/** Measures a version of a model in a store on a log, with a display of the progress. */
export async function measureVersion(
  store: Store,
  version: VersionName,
  options: MeasureOptions,
  session: Session,
): Promise<MeasuredVersion> {
  const { data } = await readManifest(store, version.name, version.version);
  return withScratch(session.io, async (scratch) => {
    return measure({ ...(await fetchModel(store, version, scratch)), trainedOn: data }, scratch, options, session);
  });
}

async function measure(
  files: ModelFiles & { readonly trainedOn: ModelManifest['data'] },
  scratch: string,
  { data, part, threads, memory }: MeasureOptions,
  { io, signal }: Session,
): Promise<MeasuredVersion> {
  const { declaration, folder } = files;
  const recorded = JSON.parse(await readFile(join(folder, 'metrics.json'), 'utf8')) as MetricsJson;
  const trainingRates = Object.fromEntries(
    funnelTasks(declaration).map(({ name }) => [name, recorded.tasks[name]?.training_rate ?? Number.NaN]),
  );
  const isComplete = part !== 'all';
  const bar = progressBar(io.stderr);
  const onProgress = progressOn(bar);
  const log = {
    declaration,
    dataPath: data,
    isComplete,
    cwd: io.cwd,
    scratch,
    threads,
    memoryLimitMiB: memory,
    signal,
    onProgress,
  };
  try {
    return await withLog(log, async (opened) => {
      assertAcceptable(opened.log);
      const model = await openModel(opened.database, files, { threads });
      try {
        const scored = await scoreLog(opened, model, part === 'all' ? PARTS : [part], {
          phase: 'evaluate',
          onProgress,
          signal,
        });
        const tasks = measurableTasks(declaration, opened.log.declaration);
        const parts = await countParts(opened.database, opened.log);
        return {
          metrics: evaluateFunnel(scored, { tasks, trainingRates }),
          part,
          rows: scored.rows,
          allRows: PARTS.reduce((sum, each) => sum + parts.rows[each], 0),
          notes: measuredNotes(declaration, part, {
            measured: opened.log.declaration,
            parts,
            trainedOn: files.trainedOn,
            notes: opened.log.notes,
          }),
        };
      } finally {
        await model.release();
      }
    });
  } finally {
    bar.stop();
  }
}

interface RowsOfParts {
  /** The declaration with the labels that the log has. */
  readonly measured: Declaration;
  /** The rows of the log, and those that the model was trained with. */
  readonly parts: PartsOfRows;
  readonly trainedOn: ModelManifest['data'];
  readonly notes: readonly string[];
}

function measuredNotes(
  { log: { kept, weight }, stages }: Declaration,
  part: Part | 'all',
  { measured, parts, trainedOn, notes }: RowsOfParts,
): string[] {
  const isTrainingLog = parts.trainingDigest === trainedOn.trainingDigest;
  const isSeen = part === 'all' || part === 'train';
  return [
    ...notes,
    ...stages.flatMap(({ name, label }, index) =>
      label === measured.stages[index]?.label
        ? []
        : `the log has no ${label}: what is conditioned on ${name} is measured on all rows, as if each had reached it, which is right where all did, or where chance decided which rows are shown`,
    ),
    ...(isTrainingLog && isSeen ? [`the model was trained on ${count(trainedOn.rows.train)} of these rows`] : []),
    ...(kept === null
      ? []
      : [
          `log.kept is applied: rows that reached no stage are weighted by 1 / ${typeof kept === 'number' ? kept : kept.column}, as is right for a log that was sampled like that of the training, not for a full one`,
        ]),
    ...(weight === null ? [] : [`log.weight is applied: each row counts for its ${weight}`]),
  ];
}
