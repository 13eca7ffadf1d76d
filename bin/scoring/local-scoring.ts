/** Local mode: a bucket, its registry and the handlers of the Lambdas. */
import { planShardsHandler } from '../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../lib/scoring/handlers/score-shard.ts';
import { type FileResult, type LocalScoring, scoreLocal } from '../../lib/scoring/local/local.ts';
import type { ModelVersion } from '../../lib/scoring/protocol/ports.ts';
import { candidateFiles } from '../../lib/scoring/rows/candidate-files.ts';
import { registryModels } from '../../lib/scoring/rows/registry-models.ts';
import type { Store } from '../../lib/store/store.ts';
import type { Session } from '../terminal/exit.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import { type ChosenModel, type LocalOptions, withModel } from './with-model.ts';

/** One shard is scored while another is written. */
export const SHARDS_AT_ONCE = 2;
/**
 * Rows of the last of a file's shards: its scores are written once all rows are scored, by one core alone. The functions
 * score shards side by side, where a short last one gains nothing.
 */
export const LAST_ROWS = 125_000;

/** Scores candidate files of a bucket, all that are complete where no keys are given, with the current version. */
export type ScoreFiles = (which?: Pick<LocalScoring, 'keys' | 'isComplete'>) => Promise<FileResult[]>;

/** Runs work that scores. The current version is loaded before each scoring that finds another one. */
export async function withScoring<T>(
  store: Store,
  options: LocalOptions,
  session: Session,
  work: (score: ScoreFiles) => Promise<T>,
): Promise<T> {
  return withModel(store, options, session, (model) => work(fileScorer(store, model, options, session)));
}

/** Returns what scores files with a model. */
export function fileScorer(
  store: Store,
  { name, loader, loadCurrent, verifyCurrent, scratch }: ChosenModel,
  options: Pick<LocalOptions, 'threads' | 'again'>,
  session: Session,
): ScoreFiles {
  const declarationOf = async (version: ModelVersion) => (await loader.loadEncoding(version)).declaration;
  return async (which = {}) => {
    // Files are planned while the model is opened.
    const modelReady = loadCurrent();
    modelReady.catch(() => undefined);
    await verifyCurrent();
    session.signal.throwIfAborted();
    const bar = progressBar(session.io.stderr);
    try {
      return await scoreLocal({
        store,
        models: registryModels(store, name, declarationOf),
        files: candidateFiles({ store, models: loader, scratch, lastRows: LAST_ROWS }),
        handlers: { planShards: planShardsHandler, scoreShard: scoreShardHandler },
        concurrency: options.threads === 1 ? 1 : SHARDS_AT_ONCE,
        scratch,
        signal: session.signal,
        modelReady,
        ...which,
        ...(options.again && { again: options.again }),
        onProgress: ({ rowsDone, rowsTotal, filesDone, filesTotal }) =>
          bar.update({ label: 'score', done: rowsDone, total: rowsTotal, note: `${filesDone}/${filesTotal} files` }),
      });
    } finally {
      bar.stop();
    }
  };
}
