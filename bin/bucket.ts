/** The bucket of a command: checked for what the command needs before any long work begins. */
import { mkdtemp, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStore } from '../lib/store/open-store.ts';
import type { Store } from '../lib/store/store.ts';
import { UsageError } from './terminal/exit.ts';
import type { Io } from './terminal/io.ts';

/** Where the buckets of S3 are, of a command's options. */
export interface EndpointOptions {
  readonly endpoint?: string | undefined;
}

/**
 * Opens a bucket to `read` what is there, to `write` beside it, or to `create` it where it is absent.
 * @throws {UsageError} where it is not a folder, or not there; or where a folder is given with an endpoint.
 * @throws {Error} where it cannot be written to.
 */
export async function openBucket(
  { cwd }: Pick<Io, 'cwd'>,
  bucket: string,
  use: 'read' | 'write' | 'create',
  { endpoint }: EndpointOptions = {},
): Promise<Store> {
  const store = storeAt(bucket, endpoint, cwd);
  const folder = bucketFolder(store);
  // Whether S3 lets us in, its first answer tells.
  if (folder === null) return store;
  if (endpoint !== undefined) throw new UsageError(`--endpoint: expected s3://bucket as --bucket, got ${bucket}`);
  const existing = use === 'create' ? await nearestExisting(folder) : folder;
  const facts = await stat(existing).catch(() => null);
  if (facts === null) throw new UsageError(`--bucket: no such folder: ${bucket}`);
  if (!facts.isDirectory()) throw new UsageError(`--bucket: ${existing} is a file, expected a folder`);
  if (use !== 'read') await assertWritable(existing);
  return store;
}

/** Path of the bucket's folder; `null` for a bucket of S3. */
export function bucketFolder({ url }: Store): string | null {
  return url.startsWith('file:') ? fileURLToPath(url) : null;
}

function storeAt(bucket: string, endpoint: string | undefined, cwd: string): Store {
  try {
    return openStore(bucket, { endpoint }, cwd);
  } catch (cause) {
    throw new UsageError(`--bucket: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

async function nearestExisting(path: string): Promise<string> {
  const exists = await stat(path).then(
    () => true,
    () => false,
  );
  return exists || path === dirname(path) ? path : nearestExisting(dirname(path));
}

/** Tries it: permissions alone do not tell of a read-only file system. */
async function assertWritable(folder: string): Promise<void> {
  try {
    await rmdir(await mkdtemp(join(folder, '.writable-')));
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : cause;
    throw new Error(`--bucket: cannot write in ${folder}: ${code}`, { cause });
  }
}
