import { mkdir, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../errno.ts';

/** Runs an action in a folder that is created where absent, again where a delete removes it in between. */
export async function inFolder<T>(folder: string, action: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await mkdir(folder, { recursive: true });
      return await action();
    } catch (error) {
      if (!hasCode(error, 'ENOENT') || attempt === 20) throw error;
    }
  }
}

/** Removes a folder and those above it, up to `root`, as far as they are empty. */
export async function removeEmptyFolders(root: string, folder: string): Promise<void> {
  for (let path = folder; path !== root; path = dirname(path)) {
    try {
      await rmdir(path);
    } catch {
      // Not empty, in use, or not ours to remove: the object is gone all the same.
      return;
    }
  }
}
