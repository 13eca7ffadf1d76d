import { randomUUID } from 'node:crypto';
import { link, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode, ifThere, isErrno } from '../errno.ts';
import {
  type ObjectInfo,
  ObjectNotFoundError,
  PreconditionFailedError,
  type PutFileOptions,
  type PutOptions,
} from '../store.ts';
import { inFolder, removeEmptyFolders } from './folders.ts';
import { withFileLock } from './lock.ts';
import { type FileSpace, lockOf, makeFolders, pathOf } from './space.ts';
import { fileStats, infoFrom, settle, versionOf } from './version.ts';

/**
 * Writes an object: `fill` creates the file at the path that it is given, which then becomes visible in one step.
 * @throws {Error} naming the key and the path where the file system refuses.
 */
export async function writeObject(
  space: FileSpace,
  key: string,
  options: PutFileOptions,
  fill: (path: string) => Promise<void>,
): Promise<ObjectInfo> {
  const temporary = join(space.tmp, randomUUID());
  const metadata = { ...options.metadata };
  try {
    // Saves writing bytes that will be refused; the check that counts is in `place`.
    await checkCondition(space, key, options);
    await makeFolders(space);
    await fill(temporary);
    const info = infoFrom(key, await settle(temporary));
    await options.after;
    await space.metadata.write(info.versionId, metadata);
    await place(space, temporary, key, options).catch(async (error: unknown) => {
      await space.metadata.remove(info.versionId);
      throw error;
    });
    return { ...info, metadata };
  } catch (error) {
    throw withKey(error, 'write', key, space);
  } finally {
    await ifThere(rm(temporary, { force: true }));
  }
}

/** Deletes an object, and the folders that it leaves empty. */
export async function deleteObject(space: FileSpace, key: string): Promise<void> {
  const path = pathOf(space, key);
  if ((await fileStats(path)) === null) return;
  try {
    await makeFolders(space);
    await withFileLock(lockOf(space, key), space.lockWaitMs, () =>
      replacing(space, key, () => rm(path, { force: true })),
    );
  } catch (error) {
    throw withKey(error, 'delete', key, space);
  }
  await removeEmptyFolders(space.root, dirname(path));
}

/** Makes a finished file the object, if the condition holds. */
async function place(space: FileSpace, file: string, key: string, options: PutOptions): Promise<void> {
  const path = pathOf(space, key);
  if (options.ifAbsent) {
    // link(2) is check and write in one; it needs no lock.
    if (!(await inFolder(dirname(path), () => linked(file, path))))
      throw new PreconditionFailedError(key, space.url, 'ifAbsent');
    return;
  }
  await withFileLock(lockOf(space, key), space.lockWaitMs, async () => {
    await checkCondition(space, key, options);
    await replacing(space, key, () => inFolder(dirname(path), () => rename(file, path)));
  });
}

async function checkCondition(space: FileSpace, key: string, { ifAbsent, ifMatch }: PutOptions): Promise<void> {
  const stats = await ifThere(stat(pathOf(space, key), { bigint: true }));
  if (stats?.isDirectory()) throw new Error(`cannot write ${key} in ${space.url}: it is a folder`);
  if (ifAbsent && stats !== null) throw new PreconditionFailedError(key, space.url, 'ifAbsent');
  if (ifMatch === undefined) return;
  if (stats === null) throw new ObjectNotFoundError(key, space.url);
  if (versionOf(stats) !== ifMatch) throw new PreconditionFailedError(key, space.url, 'ifMatch');
}

/** Runs an action that ends the current version of a key, and drops that version's metadata after it. */
async function replacing(space: FileSpace, key: string, action: () => Promise<void>): Promise<void> {
  const old = await fileStats(pathOf(space, key));
  await action();
  // A file with a second name is still that version there.
  if (old?.nlink === 1n) await space.metadata.remove(versionOf(old));
}

async function linked(file: string, path: string): Promise<boolean> {
  try {
    await link(file, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function withKey(error: unknown, action: 'write' | 'delete', key: string, { url }: FileSpace): unknown {
  if (!isErrno(error)) return error;
  return new Error(`cannot ${action} ${key} in ${url}: ${error.message}`, { cause: error });
}
