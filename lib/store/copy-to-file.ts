/** Copies of objects as local files. */
import { copyFile, mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Store } from './store.ts';

/**
 * Copies an object, or one version of it, to a local path, whose folder is made.
 * @throws {ObjectNotFoundError} where it is not there.
 */
export async function copyToFile(
  store: Store,
  { key, versionId }: { readonly key: string; readonly versionId?: string },
  path: string,
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const from = await store.toFile(key, `${folder}/.fetched`, versionId);
  // What others may replace is copied; what was fetched for us is moved.
  if (store.hasFiles) await copyFile(from, path);
  else await rename(from, path);
}
