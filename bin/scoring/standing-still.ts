/** Which files that are dropped into a folder are complete: nothing else says so where they are written in place. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { STILL_SECONDS } from '../../lib/contract/limits.ts';
import type { IsComplete } from '../../lib/scoring/local/local-files.ts';

interface Seen {
  readonly versionId: string;
  /** Epoch milliseconds at which this version was seen first. */
  readonly since: number;
}

/**
 * Returns whether a file has stood still, over several calls: its size and time of change are those of the call before,
 * and `STILL_SECONDS` have passed since it was changed or, where clocks differ, since it was seen first.
 * @param folder the bucket's; `null` for a bucket of S3, whose objects are always whole.
 */
export function standingStill(folder: string | null, now: () => number = Date.now): IsComplete {
  const seen = new Map<string, Seen>();
  return async ({ key, versionId }) => {
    if (folder === null) return true;
    const before = seen.get(key);
    if (before?.versionId !== versionId) {
      seen.set(key, { versionId, since: now() });
      return false;
    }
    const facts = await stat(join(folder, key)).catch(() => null);
    if (facts === null) return false;
    return now() - Math.min(facts.mtimeMs, before.since) >= 1000 * STILL_SECONDS;
  };
}
