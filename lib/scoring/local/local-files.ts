import { PREFIXES, planKey } from '../../contract/bucket.ts';
import { listed } from '../../numbers/text.ts';
import type { Store } from '../../store/store.ts';
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

/**
 * The current versions of these candidate files, or of all, as if an event had arrived for each.
 * @throws {ScoringError} naming every key that is not there, or cannot be a candidate's.
 */
export async function findLocalFiles(store: Store, keys: readonly string[] | null, now: Date): Promise<LocalFile[]> {
  const versions = keys === null ? await scanVersions(store) : await namedVersions(store, keys);
  const bucket = bucketName(store.url);
  const files: LocalFile[] = [];
  for (const { key, versionId } of versions) {
    const arrival = { bucket, key, versionId, sequencer: sequencerAt(now), eventTime: now.toISOString() };
    files.push(await latestAttempt(store, fileVersion({ ...arrival, attempt: 1 })));
  }
  return files;
}

interface Version {
  readonly key: string;
  readonly versionId: string;
}

async function scanVersions(store: Store): Promise<Version[]> {
  const versions: Version[] = [];
  for await (const { key, versionId } of store.list(PREFIXES.candidates))
    if (checkCandidateKey(key).kind !== 'ignored') versions.push({ key, versionId });
  return versions;
}

async function namedVersions(store: Store, keys: readonly string[]): Promise<Version[]> {
  const versions: Version[] = [];
  const problems: string[] = [];
  for (const key of new Set(keys)) {
    const check = checkCandidateKey(key);
    const object = check.kind === 'candidate' ? await store.head(key) : null;
    if (object !== null) versions.push(object);
    else if (check.kind === 'refused') problems.push(check.message);
    else if (check.kind === 'ignored') problems.push(`${key} is not a file under ${PREFIXES.candidates}`);
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

// Events of a bucket carry its bare name. A folder has none, and may be moved without being scored again.
function bucketName(url: string): string {
  return url.startsWith('s3://') ? url.slice('s3://'.length) : 'local';
}
