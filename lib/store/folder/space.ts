import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RESERVED_FOLDER } from '../../contract/bucket.ts';
import { ifThere } from '../errno.ts';
import { type MetadataFolder, metadataFolder, versionOf } from './version.ts';

/** The folder of a store, and the folders in it that the store keeps for itself. */
export interface FileSpace {
  readonly root: string;
  readonly url: string;
  /** Objects that are being written. On the root's file system, so that they can be linked and renamed into place. */
  readonly tmp: string;
  readonly locks: string;
  readonly metadata: MetadataFolder;
  /** Time to wait for another writer of the same key, in milliseconds. */
  readonly lockWaitMs: number;
}

const HOUR_MS = 3_600_000;

export function fileSpace(root: string, lockWaitMs: number): FileSpace {
  const absolute = resolve(root);
  const own = join(absolute, RESERVED_FOLDER);
  return {
    root: absolute,
    url: pathToFileURL(absolute).href,
    tmp: join(own, 'tmp'),
    locks: join(own, 'locks'),
    metadata: metadataFolder(join(own, 'metadata')),
    lockWaitMs,
  };
}

/** Path of the object with that key. */
export function pathOf(space: FileSpace, key: string): string {
  return join(space.root, key);
}

/** Path of the key's lock: a hash, for keys may be longer than a file name. */
export function lockOf(space: FileSpace, key: string): string {
  return join(space.locks, `${createHash('sha256').update(key).digest('hex')}.lock`);
}

/** Creates the store's folders where they are absent. */
export async function makeFolders(space: FileSpace): Promise<void> {
  for (const folder of [space.tmp, space.locks, space.metadata.path]) await mkdir(folder, { recursive: true });
}

/** Removes what killed writers left more than an hour ago. */
export async function sweep(space: FileSpace): Promise<void> {
  for (const folder of [space.tmp, space.locks]) {
    for (const name of (await ifThere(readdir(folder))) ?? []) {
      const path = join(folder, name);
      const stats = await ifThere(stat(path, { bigint: true }));
      if (stats === null || Date.now() - Number(stats.mtimeMs) < HOUR_MS) continue;
      // A second link: the writer was killed after its object became visible, with this metadata.
      if (stats.nlink === 1n) await space.metadata.remove(versionOf(stats));
      await rm(path, { force: true });
    }
  }
}
