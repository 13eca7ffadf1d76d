/** How the candidate files of a bucket stand: from listings, and from a limited number of records. */
import { WORK_DAYS } from '../../contract/limits.ts';
import type { Store } from '../../store/store.ts';
import type { LeftOutReason } from '../../table/source/left-out.ts';
import { type FailedFiles, failedFiles } from './failed-files.ts';
import { type FileFacts, listFiles, type Selection } from './file-facts.ts';
import { type FileState, stateOf } from './file-state.ts';
import { least, type OpenFiles, openFiles } from './open-files.ts';

/** Milliseconds over which the rate is measured. */
const RATE_MS = 15 * 60_000;

const DAY_MS = 86_400_000;

/** How the candidate files of a selection stand. */
export interface ScoringStatus extends Selection {
  readonly bucket: string;
  /** ISO 8601, by the bucket's clock. */
  readonly at: string;
  /** Candidate files by state. */
  readonly files: Readonly<Record<FileState, number>>;
  /** When the oldest file came that is not planned yet; `null` where none waits. */
  readonly waitingSince: string | null;
  /** Files that are not taken for candidates, by reason. */
  readonly leftOut: Partial<Record<LeftOutReason, number>>;
  readonly open: OpenFiles;
  readonly failed: FailedFiles;
  /** Objects that were listed; a request lists up to 1,000. */
  readonly objectsListed: number;
}

/**
 * Tells how the candidate files of a selection stand.
 * @throws the signal's reason where it aborts.
 */
export async function scoringStatus(
  store: Store,
  selection: Selection,
  signal: AbortSignal = new AbortController().signal,
): Promise<ScoringStatus> {
  const now = await store.now();
  const listed = await listFiles(store, selection, { since: new Date(now.getTime() - RATE_MS), signal });
  // Only a bucket of the stack has rules by which records expire.
  const expiredBefore = store.hasFiles ? null : new Date(now.getTime() - WORK_DAYS * DAY_MS);
  const byState = filesByState(listed.files, expiredBefore);
  const waiting = byState.waiting.map(({ storedAt }) => storedAt.getTime());
  return {
    bucket: store.url,
    ...selection,
    at: now.toISOString(),
    files: {
      waiting: byState.waiting.length,
      planned: byState.planned.length,
      'in flight': byState['in flight'].length,
      done: byState.done.length,
      failed: byState.failed.length + listed.refused.length,
      expired: byState.expired.length,
    },
    waitingSince: waiting.length === 0 ? null : new Date(least(waiting)).toISOString(),
    leftOut: listed.leftOut,
    open: await openFiles(store, [...byState['in flight'], ...byState.planned], listed.scoredSince, now),
    failed: await failedFiles(store, byState.failed, listed.refused),
    objectsListed: listed.objects,
  };
}

function filesByState(
  files: readonly FileFacts[],
  expiredBefore: Date | null,
): Readonly<Record<FileState, readonly FileFacts[]>> {
  const byState: Record<FileState, FileFacts[]> = {
    waiting: [],
    planned: [],
    'in flight': [],
    done: [],
    failed: [],
    expired: [],
  };
  for (const file of files) byState[stateOf(file, expiredBefore)].push(file);
  return byState;
}
