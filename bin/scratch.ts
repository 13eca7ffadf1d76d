import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteText, countOf } from '../lib/numbers/text.ts';
import { isFullDisk } from '../lib/table/errors.ts';
import { type FileLock, lockFile } from '../lib/table/file-lock.ts';
import { LOCK_FILE, removeLeftScratch, SCRATCH_PREFIX } from './left-scratch.ts';
import { type Io, printError } from './terminal/io.ts';

/** The scratch folders of this process that are in use. */
const own = new Set<string>();

/**
 * Runs work in a scratch folder, and removes it afterwards, whatever happens. It is made in the folder that `TMPDIR` of
 * the environment names, or else in the system's folder for temporary files. What killed runs left there is removed
 * before, and told on standard error.
 * @throws {Error} where there is no room for it.
 */
export async function withScratch<T>(
  io: Pick<Io, 'env' | 'stderr'>,
  work: (scratch: string) => Promise<T>,
): Promise<T> {
  const parent = io.env.TMPDIR || tmpdir();
  const { folders, bytes } = await removeLeftScratch(parent, own);
  if (folders > 0)
    printError(
      io,
      `note: removed ${countOf(folders, 'scratch folder')} of killed runs from ${parent}, ${byteText(bytes)}`,
    );
  const { scratch, lock } = await lockedFolder(parent);
  const removeNow = () => rmSync(scratch, { recursive: true, force: true });
  process.once('exit', removeNow);
  try {
    return await work(scratch);
  } catch (error) {
    throw isFullScratch(error, scratch) ? fullScratch(parent, error) : error;
  } finally {
    lock?.release();
    await removeFolder(scratch);
    process.off('exit', removeNow);
  }
}

/** Makes a folder and locks it. Where that is not possible, it stays if this run is killed: nobody could tell. */
async function lockedFolder(parent: string, tries = 3): Promise<{ scratch: string; lock: FileLock | null }> {
  const scratch = await makeFolder(parent);
  try {
    return { scratch, lock: await lockFile(join(scratch, LOCK_FILE)) };
  } catch (error) {
    await removeFolder(scratch);
    if (isFullScratch(error, scratch)) throw fullScratch(parent, error);
    // Another run may just have looked whether anybody holds the lock.
    return tries > 1 ? lockedFolder(parent, tries - 1) : { scratch: await makeFolder(parent), lock: null };
  }
}

async function makeFolder(parent: string): Promise<string> {
  try {
    const folder = await mkdtemp(join(parent, SCRATCH_PREFIX));
    own.add(folder);
    return folder;
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : cause;
    throw new Error(`cannot make a scratch folder in ${parent}: ${code} (TMPDIR names another place)`, { cause });
  }
}

async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  own.delete(folder);
}

/**
 * Whether the scratch disk is full. The error of a write through a file handle names no path, while one of a write to
 * the bucket names a path that is not in the scratch folder.
 */
function isFullScratch(error: unknown, scratch: string): boolean {
  return isFullDisk(error) && ('syscall' in error || error.message.includes(scratch));
}

function fullScratch(parent: string, cause: unknown): Error {
  return new Error(`no space left for scratch files in ${parent} (TMPDIR names another place)`, { cause });
}
