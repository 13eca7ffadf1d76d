import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { planShardsHandler } from '../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../lib/scoring/handlers/score-shard.ts';
import { type FileResult, type LocalScoring, scoreLocal } from '../lib/scoring/local/local.ts';
import { candidateFiles } from '../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../lib/scoring/rows/models.ts';
import { registryModels } from '../lib/scoring/rows/registry-models.ts';
import type { Store } from '../lib/store/store.ts';

export interface ScoreCandidatesOptions extends Pick<LocalScoring, 'keys' | 'again' | 'signal' | 'onProgress' | 'log'> {
  /** Name of the model whose current version scores. */
  readonly model: string;
  /** @default the machine's */
  readonly threads?: number;
  /** Memory of DuckDB. @default 2048 */
  readonly memoryLimitMiB?: number;
}

/**
 * Scores the candidate files of a bucket that have no outcome yet, or those of the keys given, as the cloud would.
 * @throws where the model has no current version, or a key is not there. What is wrong with a file is in its result.
 */
export async function scoreCandidates(
  store: Store,
  { model, threads = availableParallelism(), memoryLimitMiB = 2048, ...options }: ScoreCandidatesOptions,
): Promise<FileResult[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'entirespace-'));
  const loader = new ModelLoader(store, { scratch, threads, memoryLimitMiB });
  try {
    return await scoreLocal({
      store,
      models: registryModels(store, model),
      files: candidateFiles({ store, models: loader, scratch }),
      handlers: { planShards: planShardsHandler, scoreShard: scoreShardHandler },
      scratch,
      ...options,
    });
  } finally {
    await loader.release();
    await rm(scratch, { recursive: true, force: true });
  }
}
