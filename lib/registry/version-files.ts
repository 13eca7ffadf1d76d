import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** Paths of the files in a folder and below, relative to it with `/` between folders, in order. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .sort();
}
