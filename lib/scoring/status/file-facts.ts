/** The candidate files of a bucket with what listings alone say of them: no object is read. */
import { PREFIXES, parseWorkKey, SCORES_RECORDS, scoresFolder, WORK_RECORDS } from '../../contract/bucket.ts';
import type { ListedObject, Store } from '../../store/store.ts';
import type { LeftOutReason } from '../../table/source/left-out.ts';
import { bucketName } from '../local/local-files.ts';
import { checkCandidateKey, fileVersion, type KeyCheck } from '../protocol/keys.ts';

/** Up to so many files, the work and scores of each are listed by themselves, and not those of all files. */
const LISTED_ONE_BY_ONE = 20;

/** Which candidate files are looked at. */
export interface Selection {
  /** Beginning of their keys, `candidates/` or longer. */
  readonly prefix: string;
  /** Day, in UTC, on which they came to the bucket, such as `2026-05-08`; `null` for any. */
  readonly day: string | null;
}

/** One time that a file version was scored, or is being scored. */
export interface Attempt {
  isPlanned: boolean;
  /** Whether it has an outcome, which a person may have reopened. */
  isDecided: boolean;
  shardsDone: number;
}

/** A candidate file. */
export interface FileFacts {
  readonly key: string;
  readonly storedAt: Date;
  /** Source of the first attempt; that of the n-th ends in `-n`. */
  readonly source: string;
  /** By number, from 1. */
  readonly attempts: Map<number, Attempt>;
  /** The later one of the records that its scores folder shows; `null` for none. */
  shown: { readonly record: 'success' | 'failure'; readonly storedAt: Date } | null;
}

/** A key below `candidates/` that cannot have scores, and why. */
export type RefusedKey = Pick<FileFacts, 'key' | 'storedAt'> & Extract<KeyCheck, { readonly kind: 'refused' }>;

/** What the listings hold of the files that are looked at. */
export interface Listed {
  readonly files: readonly FileFacts[];
  readonly refused: readonly RefusedKey[];
  /** Files that are not taken for candidates, by reason. */
  readonly leftOut: Partial<Record<LeftOutReason, number>>;
  /** When the shards were scored that were so since `since`, in epoch milliseconds. */
  readonly scoredSince: readonly number[];
  /** Objects that were listed; a request lists up to 1,000. */
  readonly objects: number;
}

/**
 * Lists the candidate files of a selection, their scores folders, and the work on them.
 * @param since From when shards count as scored just now.
 */
export async function listFiles(
  store: Store,
  selection: Selection,
  { since, signal }: { readonly since: Date; readonly signal: AbortSignal },
): Promise<Listed> {
  let objects = 0;
  async function* counted(prefixes: readonly string[]): AsyncGenerator<ListedObject> {
    for (const prefix of prefixes)
      for await (const object of store.list(prefix)) {
        signal.throwIfAborted();
        objects += 1;
        yield object;
      }
  }
  const { files, ...others } = await candidates(counted([selection.prefix]), selection, bucketName(store.url));
  const areFew = files.length <= LISTED_ONE_BY_ONE;
  const { scores, work } = PREFIXES;
  const folders = areFew ? files.map(({ key }) => scoresFolder(key)) : [scores + below(selection.prefix)];
  await addShown(files, counted(folders));
  const scoredSince = await addAttempts(
    files,
    counted(areFew ? files.map(({ source }) => `${work}${source}`) : [work]),
    since,
  );
  return { files, ...others, scoredSince, objects };
}

async function candidates(
  objects: AsyncIterable<ListedObject>,
  { day }: Selection,
  bucket: string,
): Promise<Pick<Listed, 'files' | 'refused' | 'leftOut'>> {
  const files: FileFacts[] = [];
  const refused: RefusedKey[] = [];
  const leftOut: Partial<Record<LeftOutReason, number>> = {};
  for await (const { key, size, versionId, storedAt } of objects) {
    if (day !== null && storedAt.toISOString().slice(0, day.length) !== day) continue;
    const check = checkCandidateKey(key);
    const reason = check.kind === 'ignored' ? check.reason : size === 0 ? 'empty' : null;
    if (reason !== null) leftOut[reason] = (leftOut[reason] ?? 0) + 1;
    else if (check.kind === 'refused') refused.push({ key, storedAt, ...check });
    else if (check.kind === 'candidate') {
      // Of an arrival only bucket, key and version make the source.
      const { source } = fileVersion({ bucket, key, versionId, sequencer: '', eventTime: '', attempt: 1 });
      files.push({ key, storedAt, source, attempts: new Map(), shown: null });
    }
  }
  return { files, refused, leftOut };
}

async function addShown(files: readonly FileFacts[], objects: AsyncIterable<ListedObject>): Promise<void> {
  const byFolder = new Map(files.map((file) => [scoresFolder(file.key), file]));
  for await (const { key, storedAt } of objects) {
    const nameStart = key.lastIndexOf('/') + 1;
    const name = key.slice(nameStart);
    const record = name === SCORES_RECORDS.success ? 'success' : name === SCORES_RECORDS.failure ? 'failure' : null;
    const file = record === null ? undefined : byFolder.get(key.slice(0, nameStart));
    if (record === null || file === undefined) continue;
    if (file.shown === null || file.shown.storedAt <= storedAt) file.shown = { record, storedAt };
  }
}

/** Returns when shards were scored, of those that were so since `since`. */
async function addAttempts(
  files: readonly FileFacts[],
  objects: AsyncIterable<ListedObject>,
  since: Date,
): Promise<number[]> {
  const bySource = new Map(files.map((file) => [file.source, file]));
  const scoredSince: number[] = [];
  for await (const { key, storedAt } of objects) {
    const { source, name } = parseWorkKey(key);
    const [first = '', number = '1'] = source.split('-');
    const file = bySource.get(first);
    if (file === undefined) continue;
    const attempt = file.attempts.get(Number(number)) ?? { isPlanned: false, isDecided: false, shardsDone: 0 };
    file.attempts.set(Number(number), attempt);
    if (name === WORK_RECORDS.plan) attempt.isPlanned = true;
    if (name === WORK_RECORDS.outcome) attempt.isDecided = true;
    if (!isWorkPart(name)) continue;
    attempt.shardsDone += 1;
    if (storedAt >= since) scoredSince.push(storedAt.getTime());
  }
  return scoredSince;
}

/** Whether a name in a folder of work is that of a shard's scores. */
function isWorkPart(name: string): boolean {
  return name.startsWith('parts/');
}

function below(candidatePrefix: string): string {
  return candidatePrefix.slice(PREFIXES.candidates.length);
}
