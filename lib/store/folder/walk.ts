import type { BigIntStats, Dirent } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { RESERVED_FOLDER } from '../../contract/bucket.ts';
import { ifThere } from '../errno.ts';
import { compareKeys } from '../request.ts';
import { fileStats } from './version.ts';

interface Entry {
  /** Key of a file; of a folder, the prefix that its keys share, with the last `/`. */
  readonly key: string;
  readonly isFolder: boolean;
}

/** Files below `root` whose keys start with the prefix, in the order of the keys' UTF-8 bytes, one folder at a time. */
export async function* walkFiles(root: string, prefix: string): AsyncGenerator<readonly [string, BigIntStats]> {
  yield* walkFolder(root, prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix);
}

/** Folders in a folder that hold a file at any depth, each with its last `/`, in the order of their UTF-8 bytes. */
export async function* foldersIn(root: string, folder: string): AsyncGenerator<string> {
  for (const { key, isFolder } of await readFolder(root, folder)) {
    if (!isFolder) continue;
    const first = await walkFolder(root, key, key).next();
    if (!first.done) yield key;
  }
}

async function* walkFolder(
  root: string,
  folder: string,
  prefix: string,
): AsyncGenerator<readonly [string, BigIntStats]> {
  for (const { key, isFolder } of await readFolder(root, folder)) {
    if (isFolder) {
      if (key.startsWith(prefix)) yield* walkFolder(root, key, prefix);
      continue;
    }
    // A file may be gone since the folder was read.
    const stats = key.startsWith(prefix) ? await fileStats(join(root, key)) : null;
    if (stats !== null) yield [key, stats];
  }
}

/** Entries in key order. A folder counts with its `/`: `a.b` comes before `a/b`, and `a/b` before `a0`. */
async function readFolder(root: string, folder: string): Promise<readonly Entry[]> {
  const path = join(root, folder);
  const entries: Entry[] = [];
  for (const entry of (await ifThere(readdir(path, { withFileTypes: true }))) ?? []) {
    if (folder === '' && entry.name === RESERVED_FOLDER) continue;
    const isFolder = await isFolderToWalk(path, entry);
    entries.push({ key: `${folder}${entry.name}${isFolder ? '/' : ''}`, isFolder });
  }
  return entries.sort((a, b) => compareKeys(a.key, b.key));
}

async function isFolderToWalk(parent: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const target = await ifThere(realpath(join(parent, entry.name)));
  if (target === null || (await fileStats(target)) !== null) return false;
  // A link to a folder above itself would be walked for ever.
  return !`${await realpath(parent)}${sep}`.startsWith(`${target}${sep}`);
}
