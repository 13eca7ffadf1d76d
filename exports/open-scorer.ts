import { OnlineScorer, type OnlineScorerOptions } from '../lib/online/online-scorer.ts';
import { openStore } from '../lib/store/open-store.ts';
import type { Store } from '../lib/store/store.ts';

/**
 * Opens the current version of a model for scoring objects in milliseconds. The bucket is a folder, `s3://bucket`, or an
 * open store. The scorer follows promotions until it is closed.
 *
 *     const scorer = await openScorer('bucket', 'shop');
 *     const { scores, rejects } = await scorer.score([{ item: 'a' }, { item: 'b' }], { shared: { user: 7 } });
 *     await scorer.close();
 *
 * @throws {VersionNotFoundError} if no version of the model is current.
 * @throws {DataError} if a feature table does not fit in memory, or cannot be used.
 */
export function openScorer(
  bucket: string | Store,
  model: string,
  options: OnlineScorerOptions = {},
): Promise<OnlineScorer> {
  return OnlineScorer.open(typeof bucket === 'string' ? openStore(bucket) : bucket, model, options);
}
