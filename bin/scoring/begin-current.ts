import type { ScoringThreads } from '../../lib/engine/scoring/scoring-threads.ts';
import { beginVersion, type StartedThreads } from '../../lib/predictor/begin-version.ts';
import type { Store } from '../../lib/store/store.ts';
import { chosenModel, requireCurrent } from '../chosen-model.ts';

/**
 * Has threads begin with the current version of a model in a folder. From a bucket of S3 its files are copied first,
 * which needs a scratch folder.
 * @throws {UsageError | VersionNotFoundError} as `chosenModel` and `requireCurrent`.
 */
export async function beginCurrent(
  store: Store,
  model: string | undefined,
  threads: ScoringThreads,
): Promise<StartedThreads> {
  if (!store.hasFiles) return { threads, begun: null };
  const name = await chosenModel(store, model);
  const version = await requireCurrent(store, name);
  return { threads, begun: beginVersion(store, { name, version }, { threads, cacheFolder: '' }) };
}
