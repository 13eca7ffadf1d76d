/** Local mode, put together: a folder as the bucket, its registry, and the handlers of the Lambdas. */
import { planShardsHandler } from '../functions/plan-shards.ts';
import { scoreShardHandler } from '../functions/score-shard.ts';
import { candidateFiles } from '../lib/scoring/candidate-files.ts';
import { type FileResult, scoreLocal } from '../lib/scoring/local.ts';
import { ModelLoader, registryModels } from '../lib/scoring/models.ts';
import type { Store } from '../lib/store/store.ts';
import { chosenModel } from './options.ts';
import { progressBar, silentBar } from './progress-bar.ts';
import { withScratch } from './scratch.ts';

export interface LocalOptions {
  readonly bucket: string;
  readonly model?: string;
  readonly again?: 'none' | 'failed' | 'all';
  readonly threads: number;
  readonly memory: number;
}

export interface LocalRun {
  /** @default every file under candidates/ */
  readonly keys?: readonly string[];
  readonly signal: AbortSignal;
  readonly isSilent: boolean;
}

/** Scores candidate files of a bucket with the current version of its model. */
export async function scoreInBucket(store: Store, options: LocalOptions, { keys, signal, isSilent }: LocalRun): Promise<FileResult[]> {
  const name = await chosenModel(store, options.model);
  const bar = isSilent ? silentBar : progressBar();
  return withScratch(async (scratch) => {
    const loader = new ModelLoader(store, { scratch, threads: options.threads, memoryLimitMiB: options.memory });
    try {
      return await scoreLocal({
        store,
        models: registryModels(store, name),
        files: candidateFiles({ store, models: loader, scratch }),
        handlers: { planShards: planShardsHandler, scoreShard: scoreShardHandler },
        scratch,
        signal,
        ...(keys && { keys }),
        ...(options.again && { again: options.again }),
        onProgress: ({ rowsDone, rowsTotal, filesDone, filesTotal }) =>
          bar.update({ label: 'score', done: rowsDone, total: rowsTotal, note: `${filesDone}/${filesTotal} files` }),
      });
    } finally {
      bar.stop();
      await loader.release();
    }
  });
}
