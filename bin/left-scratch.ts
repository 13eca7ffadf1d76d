/** Scratch folders that runs left behind because they were killed, by the kernel for want of memory for example. */
import { access, lstat, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type FileLock, lockFile } from '../lib/table/file-lock.ts';

/** How the names of scratch folders begin; six characters of chance follow. */
export const SCRATCH_PREFIX = 'entirespace-';
const SCRATCH_NAME = new RegExp(`^${SCRATCH_PREFIX}[A-Za-z0-9]{6}$`);

/**
 * The file of a scratch folder on which its run holds a lock. Some shared file systems tell a machine nothing of the
 * locks that another holds, so that each has a name of its own; containers have host names of their own as well.
 */
export const LOCK_FILE = `lock-${hostname().replaceAll(/[^\w.-]/g, '-')}`;

/** What was removed. */
export interface LeftScratch {
  readonly folders: number;
  readonly bytes: number;
}

/**
 * Removes the scratch folders in `parent` whose runs have ended without removing them: those of this user and of this
 * host on whose file no process holds a lock. `own` are the folders of this process.
 */
export async function removeLeftScratch(parent: string, own: ReadonlySet<string>): Promise<LeftScratch> {
  const names = await readdir(parent).catch(() => []);
  const folders = names.filter((name) => SCRATCH_NAME.test(name)).map((name) => join(parent, name));
  let left: LeftScratch = { folders: 0, bytes: 0 };
  for (const folder of folders) {
    const bytes = await removeIfLeft(folder, own);
    if (bytes !== null) left = { folders: left.folders + 1, bytes: left.bytes + bytes };
  }
  return left;
}

/** Removes a folder that no run uses, and returns the room in bytes that its files took; `null` where it stays. */
async function removeIfLeft(folder: string, own: ReadonlySet<string>): Promise<number | null> {
  const lock = await lockOf(folder, own);
  if (lock === null) return null;
  try {
    const bytes = await bytesIn(folder);
    // With the lock held: a run that is only about to lock its new folder fails to, and makes another one.
    await rm(folder, { recursive: true, force: true });
    return bytes;
  } catch {
    return null;
  } finally {
    lock.release();
  }
}

/** The lock of a folder of this user whose run has ended. */
async function lockOf(folder: string, own: ReadonlySet<string>): Promise<FileLock | null> {
  const path = join(folder, LOCK_FILE);
  try {
    const facts = await lstat(folder);
    if (!facts.isDirectory() || facts.uid !== (process.getuid?.() ?? facts.uid)) return null;
    await access(path);
    // Looked up after the file is there: a folder is one of `own` before its file is made.
    return own.has(folder) ? null : await lockFile(path);
  } catch {
    return null;
  }
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const facts = await Promise.all(files.map(({ parentPath, name }) => lstat(join(parentPath, name))));
  // Some files have holes: what counts is the room on the disk, in blocks of 512 bytes.
  return facts.reduce((sum, { blocks }) => sum + blocks * 512, 0);
}
