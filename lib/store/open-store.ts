import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileStore } from './file-store.ts';
import type { Store } from './store.ts';

const SUPPORTED = 'expected a folder: a path or file:///absolute/path';

/**
 * The store at a URL: a folder's path, relative or absolute, or `file:///absolute/path`. A folder that is absent is
 * created by the first write.
 * @throws {Error} where the URL is of another kind.
 */
export function openStore(url: string): Store {
  if (url === '') throw new Error(`store URL must not be empty, ${SUPPORTED}`);
  if (!/^[a-z][a-z0-9+.-]+:/i.test(url)) return fileStore(resolve(url));
  if (url.startsWith('file:///')) return fileStore(fileURLToPath(url));
  if (url.startsWith('file:')) throw new Error(`store URL must be file:///absolute/path or a plain path, got ${url}`);
  if (url.startsWith('memory:')) throw new Error(`store ${url} lives within one process only, ${SUPPORTED}`);
  throw new Error(`store ${url} is of a kind that is not supported, ${SUPPORTED}`);
}
