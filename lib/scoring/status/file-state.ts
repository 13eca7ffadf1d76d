import type { Attempt, FileFacts } from './file-facts.ts';

/**
 * State of a candidate file: `waiting` to be planned; `planned`, without a scored shard; `in flight`, with some or all
 * shards scored; `done`, with scores; `failed`; or `expired`, where nothing is kept of it any more.
 */
export type FileState = 'waiting' | 'planned' | 'in flight' | 'done' | 'failed' | 'expired';

/** The attempt that was begun last, with its number; `null` where none was. */
export function latestAttempt({ attempts }: FileFacts): (Attempt & { readonly number: number }) | null {
  let latest: (Attempt & { readonly number: number }) | null = null;
  for (const [number, attempt] of attempts)
    if (latest === null || number > latest.number) latest = { number, ...attempt };
  return latest;
}

/**
 * State of a file.
 * @param expiredBefore Time before which the records of work may be gone; `null` in a store that keeps them for ever.
 */
export function stateOf(file: FileFacts, expiredBefore: Date | null): FileState {
  const { shown, storedAt } = file;
  const attempt = latestAttempt(file);
  const isShown = shown === null ? null : shown.record === 'success' ? 'done' : 'failed';
  if (attempt !== null) {
    // A file that is reopened shows neither scores nor a failure, whatever outcome it had.
    if (attempt.isDecided && isShown !== null) return isShown;
    if (!attempt.isPlanned) return 'waiting';
    return attempt.shardsDone === 0 ? 'planned' : 'in flight';
  }
  if (expiredBefore === null || storedAt >= expiredBefore) return 'waiting';
  // What the folder shows may be of the version that this one has replaced.
  return isShown !== null && shown !== null && shown.storedAt >= storedAt ? isShown : 'expired';
}
