import { mkdir, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../errno.ts';
import { withRetries } from '../retry.ts';

/** Runs an action in a folder that is created where absent, again where a delete removes it in between. */
export function inFolder<T>(folder: string, action: () => Promise<T>): Promise<T> {
  const inNewFolder = async () => {
    await mkdir(folder, { recursive: true });
    return action();
  };
  return withRetries(inNewFolder, { attempts: 20, mayPass: (error) => hasCode(error, 'ENOENT') });
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
