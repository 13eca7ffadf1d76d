/** The bucket of a command: checked for what the command needs of it before any long work begins. */
import { mkdtemp, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStore } from '../lib/store/open-store.ts';
import type { Store } from '../lib/store/store.ts';
import { UsageError } from './terminal/exit.ts';
import type { Io } from './terminal/io.ts';

/** The option that names another place than AWS for buckets and queues. */
export interface EndpointOptions {
  readonly endpoint?: string | undefined;
}

/**
 * Opens a bucket to `read` it, to `write` to it, or to `create` it where it is absent.
 * @throws {UsageError} where it is a file or absent, or where a folder is given together with an endpoint.
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
  // Whether a bucket of S3 is there and may be used is seen at the first request.
  if (folder === null) return store;
  if (endpoint !== undefined) throw new UsageError(`--endpoint: expected s3://bucket as --bucket, got ${bucket}`);
  const existing = use === 'create' ? await nearestExisting(folder) : folder;
  const facts = await stat(existing).catch(() => null);
  if (facts === null) throw new UsageError(`--bucket: no such folder: ${bucket} (entirespace train makes it)`);
  if (!facts.isDirectory()) throw new UsageError(`--bucket: ${existing} is a file, expected a folder`);
  if (use !== 'read') await assertWritable(existing);
  return store;
}

/** Absolute path of the bucket's folder; `null` for a bucket of S3. */
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

/** Writes and removes a folder: permissions alone do not show that a file system is read-only. */
async function assertWritable(folder: string): Promise<void> {
  try {
    await rmdir(await mkdtemp(join(folder, '.writable-')));
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : cause;
    throw new Error(`--bucket: cannot write in ${folder}: ${code}`, { cause });
  }
}
