/** The files of a bucket that failed, and the keys that cannot have scores, with the reason of each. */
import { failureKey } from '../../contract/bucket.ts';
import { mapAtOnce } from '../../store/parallel.ts';
import type { Store } from '../../store/store.ts';
import { ScoringError } from '../errors.ts';
import { RECORDS, readRecord } from '../protocol/records.ts';
import type { FileFacts, RefusedKey } from './file-facts.ts';

/** Most failures that are read. */
const MOST_READ = 1_000;

/** A file that has failed. */
export interface FailedFile {
  readonly key: string;
  readonly reason: string;
  readonly message: string;
}

/** The files that failed. */
export interface FailedFiles {
  /** The latest ones first. */
  readonly files: readonly FailedFile[];
  /** Failed files; more than `files` where there are very many. */
  readonly all: number;
  /** `files` by reason. */
  readonly byReason: Readonly<Record<string, number>>;
}

/** Reads the latest failures, up to a thousand. */
export async function failedFiles(
  store: Store,
  failed: readonly FileFacts[],
  refused: readonly RefusedKey[],
): Promise<FailedFiles> {
  const all = [
    ...failed.map(({ key, shown, storedAt }) => ({ key, at: shown?.storedAt ?? storedAt, refusal: null })),
    ...refused.map(({ key, storedAt, reason, message }) => ({ key, at: storedAt, refusal: { key, reason, message } })),
  ].sort((a, b) => b.at.getTime() - a.at.getTime() || compareText(a.key, b.key));
  const files = await mapAtOnce(all.slice(0, MOST_READ), async ({ key, refusal }) => {
    return refusal ?? failedFile(store, key);
  });
  const byReason: Record<string, number> = {};
  for (const { reason } of files) byReason[reason] = (byReason[reason] ?? 0) + 1;
  return { files, all: all.length, byReason };
}

async function failedFile(store: Store, key: string): Promise<FailedFile> {
  try {
    const failure = (await readRecord(store, RECORDS.failure, failureKey(key)))?.value;
    if (failure === undefined) return { key, reason: 'gone', message: `${key}: its failure was taken back just now` };
    return { key, reason: failure.reason, message: failure.message };
  } catch (error) {
    if (!(error instanceof ScoringError)) throw error;
    return { key, reason: 'unreadable', message: error.message };
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
