/** Removes old versions of a model, so that a bucket does not grow for ever. */
import { MANIFEST_FILE } from '../contract/bucket.ts';
import type { ObjectInfo, Store } from '../store/store.ts';
import { type CurrentVersion, currentVersion } from './current.ts';
import { lastHeld } from './decisions.ts';
import { isVersionId, modelPrefix, versionPrefix } from './keys.ts';
import { listVersions, problemOf } from './versions.ts';

/** A publication takes minutes; files without a manifest that are older are of one that was interrupted. */
const PUBLICATION_MS = 86_400_000;

/** What is kept, and whether anything is removed. */
export interface PruneOptions {
  /** How many of the newest versions are kept. */
  readonly keep: number;
  /** Versions that unfinished work needs. */
  readonly needed: ReadonlySet<string>;
  readonly at: Date;
  /** Whether it is only told what would be removed. */
  readonly isDryRun: boolean;
}

/** A version that stays, and why. */
export interface KeptVersion {
  readonly version: string;
  readonly why: string;
}

/** A version that is removed. */
export interface RemovedVersion {
  readonly version: string;
  readonly files: number;
  readonly bytes: number;
}

/**
 * Removes all versions of a model but the newest, the current one, that which a rollback would bring back, the one that
 * a pin holds back, and those that unfinished work needs; and what interrupted publications and removals have left. The
 * decisions on all of them stay. May run again after an interruption, and twice at once.
 * @throws {InvalidRecordError} where it cannot be told which version is current: nothing is removed then.
 */
export async function pruneVersions(
  store: Store,
  name: string,
  { keep, needed, at, isDryRun }: PruneOptions,
): Promise<{ readonly kept: readonly KeptVersion[]; readonly removed: readonly RemovedVersion[] }> {
  const versions = await listVersions(store, name);
  const newest = new Set(versions.slice(-keep));
  const whyKept = reasonsToKeep(store, name, needed);
  await whyKept();
  const kept: KeptVersion[] = [];
  const removed: RemovedVersion[] = [];
  for (const version of versions) {
    // A person or a training run may promote, or roll back, while others are removed.
    const why = (await whyKept()).get(version) ?? (newest.has(version) ? 'new' : null);
    if (why !== null) kept.push({ version, why });
    else removed.push(await removeVersion(store, name, version, isDryRun));
  }
  // The manifest of the current version may be lost by accident: what is left of it is not for removal.
  for (const version of await abandoned(store, name, new Set(versions), at))
    if (!(await whyKept()).has(version)) removed.push(await removeVersion(store, name, version, isDryRun));
  return { kept, removed };
}

/** Returns a function that returns why versions are kept by what is current now. */
function reasonsToKeep(
  store: Store,
  name: string,
  needed: ReadonlySet<string>,
): () => Promise<ReadonlyMap<string, string>> {
  let known: { readonly etag: string | null; readonly reasons: ReadonlyMap<string, string> } | null = null;
  return async () => {
    const current = await currentVersion(store, name);
    const etag = current?.etag ?? null;
    if (known === null || known.etag !== etag) known = { etag, reasons: await reasonsBy(store, name, current, needed) };
    return known.reasons;
  };
}

/** Returns the versions that are kept with a reason; one for which there are several has the last. */
async function reasonsBy(
  store: Store,
  name: string,
  current: CurrentVersion | null,
  needed: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  const reasons = new Map<string, string>();
  for (const version of needed) reasons.set(version, 'a file that is being scored needs it');
  if (current === null) return reasons;
  if (current.pin !== undefined) {
    const held = await lastHeld(store, name, current.version);
    if (held !== null) reasons.set(held, 'the pin holds it back');
  }
  for (const { version } of current.earlier) {
    if (version === current.version || (await problemOf(store, name, version)) !== null) continue;
    reasons.set(version, 'a rollback brings it back');
    break;
  }
  return reasons.set(current.version, 'the current version');
}

/** Returns versions that were never completed, or whose removal was interrupted. */
async function abandoned(store: Store, name: string, published: ReadonlySet<string>, at: Date): Promise<string[]> {
  const prefix = modelPrefix(name);
  const found: string[] = [];
  for await (const folder of store.listFolders(prefix)) {
    const version = folder.slice(prefix.length, -1);
    if (isVersionId(version) && !published.has(version) && at.getTime() - timeOf(version) > PUBLICATION_MS)
      found.push(version);
  }
  return found;
}

/** Returns the time in a version's id, in epoch milliseconds. */
function timeOf(version: string): number {
  return Date.parse(version.replace(/^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-.*$/, '$1-$2-$3T$4:$5:$6Z'));
}

async function removeVersion(store: Store, name: string, version: string, isDryRun: boolean): Promise<RemovedVersion> {
  const prefix = versionPrefix(name, version);
  const files: ObjectInfo[] = [];
  for await (const file of store.list(prefix)) files.push(file);
  if (!isDryRun) {
    // Without its manifest there is no version: one that is half removed is never used.
    await store.delete(`${prefix}${MANIFEST_FILE}`);
    for (const { key } of files) await store.delete(key);
  }
  return { version, files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) };
}
