import { PREFIXES, planKey } from '../../contract/bucket.ts';
import { listed } from '../../numbers/text.ts';
import type { ObjectInfo, Store } from '../../store/store.ts';
import { LEFT_OUT_REASONS, type LeftOut } from '../../table/source/left-out.ts';
import { ScoringError } from '../errors.ts';
import { sequencerAt } from '../protocol/events.ts';
import { checkCandidateKey, type FileVersion, fileVersion } from '../protocol/keys.ts';
import { isDecided, readOutcome } from '../protocol/records.ts';

/** How a file of the store stands before a run. */
export interface LocalFile {
  readonly key: string;
  /** The attempt that is current: the last one begun, or the first. */
  readonly file: FileVersion;
  readonly status: 'succeeded' | 'failed' | 'open';
}

/** The candidate files of a store, and the keys below `candidates/` that are not taken for one. */
export interface FoundFiles {
  readonly files: readonly LocalFile[];
  readonly leftOut: readonly LeftOut[];
}

/** Whether a file that was found is taken, or left for a later run because it may still be written. */
export type IsComplete = (object: ObjectInfo) => Promise<boolean>;

/**
 * The current versions of these candidate files, or of all that are complete, as if an event had arrived for each.
 * @throws {ScoringError} naming every key that is not there, or cannot be a candidate's.
 */
export async function findLocalFiles(
  store: Store,
  keys: readonly string[] | null,
  { now, isComplete = async () => true }: { readonly now: Date; readonly isComplete?: IsComplete },
): Promise<FoundFiles> {
  const { versions, leftOut } =
    keys === null ? await scanVersions(store, isComplete) : { versions: await namedVersions(store, keys), leftOut: [] };
  const bucket = bucketName(store.url);
  const files: LocalFile[] = [];
  for (const { key, versionId } of versions) {
    const arrival = { bucket, key, versionId, sequencer: sequencerAt(now), eventTime: now.toISOString() };
    files.push(await latestAttempt(store, fileVersion({ ...arrival, attempt: 1 })));
  }
  return { files, leftOut };
}

interface Version {
  readonly key: string;
  readonly versionId: string;
}

async function scanVersions(
  store: Store,
  isComplete: IsComplete,
): Promise<{ readonly versions: Version[]; readonly leftOut: LeftOut[] }> {
  const versions: Version[] = [];
  const leftOut: LeftOut[] = [];
  for await (const object of store.list(PREFIXES.candidates)) {
    const check = checkCandidateKey(object.key);
    const reason = check.kind === 'ignored' ? check.reason : object.size === 0 ? 'empty' : null;
    if (reason !== null) leftOut.push({ name: object.key, reason, files: 1 });
    else if (check.kind !== 'ignored' && (await isComplete(object))) versions.push(object);
  }
  return { versions, leftOut };
}

async function namedVersions(store: Store, keys: readonly string[]): Promise<Version[]> {
  const versions: Version[] = [];
  const problems: string[] = [];
  for (const key of new Set(keys)) {
    const check = checkCandidateKey(key);
    const object = check.kind === 'candidate' ? await store.head(key) : null;
    if (object !== null) versions.push(object);
    else if (check.kind === 'refused') problems.push(check.message);
    else if (check.kind === 'ignored')
      problems.push(
        check.reason === null
          ? `${key} is not a file under ${PREFIXES.candidates}`
          : `${key} cannot be a candidate: ${LEFT_OUT_REASONS[check.reason]}`,
      );
    else problems.push(`no object ${key}`);
  }
  if (problems.length > 0) throw new ScoringError(`${listed(problems, '; ')} (in ${store.url})`);
  return versions;
}

async function latestAttempt(store: Store, file: FileVersion): Promise<LocalFile> {
  const outcome = (await readOutcome(store, file.source))?.value;
  if (!isDecided(outcome)) return { key: file.key, file, status: 'open' };
  const next = fileVersion({ ...file, attempt: file.attempt + 1 });
  const isBegun = (await store.head(planKey(next.source))) !== null || (await readOutcome(store, next.source)) !== null;
  return isBegun ? latestAttempt(store, next) : { key: file.key, file: outcome.file, status: outcome.status };
}

/**
 * The name of a bucket as events of its files carry it. A folder has none, and may be moved without being scored again.
 */
export function bucketName(url: string): string {
  return url.startsWith('s3://') ? url.slice('s3://'.length) : 'local';
}
