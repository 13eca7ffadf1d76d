/**
 * The first steps of opening a version: its files are verified, and its model is read by threads. They need neither DuckDB
 * nor onnxruntime in this thread, which may load both meanwhile.
 */
import { dirname } from 'node:path';
import { MODEL_FILE } from '../contract/bucket.ts';
import type { ScoringThreads } from '../engine/scoring/scoring-threads.ts';
import { beginFetch, type FetchedVersion } from '../registry/fetch-version.ts';
import { versionPrefix } from '../registry/keys.ts';
import type { Store } from '../store/store.ts';
import { digestFile } from '../workers/file-digest.ts';

/** A version of a model in a registry. */
export interface VersionName {
  readonly name: string;
  readonly version: string;
}

/** A version that threads have begun with. */
export interface BegunVersion {
  readonly version: VersionName;
  readonly fetched: Promise<FetchedVersion>;
}

/** Threads that are started because many rows will be scored, and the version that they have begun with, if any. */
export interface StartedThreads {
  readonly threads: ScoringThreads;
  readonly begun: BegunVersion | null;
}

/**
 * Begins to fetch and verify a version's files, of which threads read the model at the same time. Copies of the files go
 * to `cacheFolder`, as in `beginFetch`, whose errors are those of `fetched`.
 */
export function beginVersion(
  store: Store,
  version: VersionName,
  { threads, cacheFolder }: { readonly threads: ScoringThreads; readonly cacheFolder: string },
): BegunVersion {
  // A thread that cannot do it says why once it is to score.
  const digest = (path: string) => threads.digest(path).catch(() => digestFile(path));
  const fetched = beginFetch(store, version.name, version.version, cacheFolder, digest);
  // A failure is thrown where the version is opened.
  folderOf(store, version, fetched)
    .then((folder) => threads.open(folder))
    .catch(() => undefined);
  return { version, fetched };
}

/** Returns the folder of a version's files: that of the store at once, while this thread still digests the small ones. */
async function folderOf(
  store: Store,
  { name, version }: VersionName,
  fetched: Promise<FetchedVersion>,
): Promise<string> {
  if (!store.hasFiles) return (await fetched).folder;
  return dirname(await store.toFile(`${versionPrefix(name, version)}${MODEL_FILE}`, ''));
}
