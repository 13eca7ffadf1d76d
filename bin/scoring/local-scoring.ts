/** Local mode: a bucket, its registry and the handlers of the Lambdas. */

import type { StartedThreads } from '../../lib/predictor/begin-version.ts';
import { planShardsHandler } from '../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../lib/scoring/handlers/score-shard.ts';
import { type FileResult, type LocalScoring, scoreLocal } from '../../lib/scoring/local/local.ts';
import type { ModelVersion } from '../../lib/scoring/protocol/ports.ts';
import { candidateFiles } from '../../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../../lib/scoring/rows/models.ts';
import { registryModels } from '../../lib/scoring/rows/registry-models.ts';
import type { Store } from '../../lib/store/store.ts';
import type { EndpointOptions } from '../bucket.ts';
import { chosenModel, requireCurrent } from '../chosen-model.ts';
import { withScratch } from '../scratch.ts';
import type { Session } from '../terminal/exit.ts';
import { progressBar } from '../terminal/progress-bar.ts';

export interface LocalOptions extends EndpointOptions {
  readonly bucket: string;
  readonly model?: string;
  readonly again?: 'none' | 'failed' | 'all';
  readonly threads: number;
  /** MiB. */
  readonly memory: number;
  /** Threads that are started already, because the files to score have many rows. */
  readonly started?: StartedThreads | null;
}

/** The model of a bucket that a command scores with. */
export interface ChosenModel {
  readonly name: string;
  /** Loads versions of this model and of others. */
  readonly loader: ModelLoader;
  /** Waits until the current version is loaded: a damaged model fails the command, and not the candidate files. */
  readonly loadCurrent: () => Promise<void>;
  /** Waits until the current version's files are known to be those that were published. */
  readonly verifyCurrent: () => Promise<void>;
  /** Folder for scratch files. */
  readonly scratch: string;
}

/** One shard is scored while another is written. */
export const SHARDS_AT_ONCE = 2;

/** Runs work with a model whose current version is being loaded meanwhile, and frees it afterwards. */
export async function withModel<T>(
  store: Store,
  options: LocalOptions,
  { io }: Session,
  work: (model: ChosenModel) => Promise<T>,
): Promise<T> {
  const name = await chosenModel(store, options.model);
  return withScratch(io, async (scratch) => {
    const loader = new ModelLoader(store, {
      scratch,
      threads: options.threads,
      memoryLimitMiB: options.memory,
      started: options.started ?? null,
    });
    const current = async () => ({ name, version: await requireCurrent(store, name) });
    const loadCurrent = async () => void (await loader.load(await current()));
    const verifyCurrent = async () => void (await loader.loadEncoding(await current()));
    // The work awaits it as well, and reports its failure.
    const loading = loadCurrent().catch(() => undefined);
    try {
      return await work({ name, loader, loadCurrent, verifyCurrent, scratch });
    } finally {
      // What has not begun to load yet could not be released.
      await loading;
      await loader.release();
    }
  });
}

/** Scores candidate files of a bucket, all that are complete where no keys are given, with the current version. */
export type ScoreFiles = (which?: Pick<LocalScoring, 'keys' | 'isComplete'>) => Promise<FileResult[]>;

/** Runs work that scores. The current version is loaded before each scoring that finds another one. */
export async function withScoring<T>(
  store: Store,
  options: LocalOptions,
  session: Session,
  work: (score: ScoreFiles, verifyCurrent: ChosenModel['verifyCurrent']) => Promise<T>,
): Promise<T> {
  return withModel(store, options, session, ({ name, loader, loadCurrent, verifyCurrent, scratch }) => {
    const declarationOf = async (version: ModelVersion) => (await loader.loadEncoding(version)).declaration;
    return work(async (which = {}) => {
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
          files: candidateFiles({ store, models: loader, scratch }),
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
    }, verifyCurrent);
  });
}
