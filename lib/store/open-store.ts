import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AwsConnection } from './aws/aws-settings.ts';
import { fileStore } from './folder/file-store.ts';
import { lazyStore } from './lazy-store.ts';
import type { Store } from './store.ts';

const SUPPORTED = 'expected a folder (a path or file:///absolute/path) or s3://bucket';

/** The stores by the scheme of their URLs. Another store is one more entry, and a room beside `folder/` and `s3/`. */
const SCHEMES: ReadonlyMap<string, (url: string, connection: AwsConnection) => Store> = new Map([
  ['file', openFolder],
  ['s3', openBucket],
  ['memory', refuseMemory],
]);

/**
 * The store at a URL: a folder's path, relative to `cwd` or absolute, or `file:///absolute/path`; or `s3://bucket`,
 * with credentials, region and endpoint as AWS tools find them, unless the connection names them. A folder that is
 * absent is created by the first write; a bucket must exist.
 * @throws {Error} where the URL is of another kind.
 */
export function openStore(url: string, connection: AwsConnection = {}, cwd: string = process.cwd()): Store {
  if (url === '') throw new Error(`store URL must not be empty, ${SUPPORTED}`);
  // One letter is a drive of Windows.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1];
  if (scheme === undefined) return fileStore(resolve(cwd, url));
  const open = SCHEMES.get(scheme);
  if (open === undefined) throw new Error(`store ${url} is of a kind that is not supported, ${SUPPORTED}`);
  return open(url, connection);
}

function openFolder(url: string): Store {
  if (url.startsWith('file:///')) return fileStore(fileURLToPath(url));
  throw new Error(`store URL must be file:///absolute/path or a plain path, got ${url}`);
}

function refuseMemory(url: string): never {
  throw new Error(`store ${url} lives within one process only, ${SUPPORTED}`);
}

function openBucket(url: string, connection: AwsConnection): Store {
  const bucket = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?$/.exec(url)?.[1];
  if (bucket === undefined) throw new Error(`store URL must be s3://bucket, a whole bucket, got ${url}`);
  return lazyStore(`s3://${bucket}`, async () => {
    const { s3Store } = await import('./s3/s3-store.ts');
    return s3Store({ ...connection, bucket });
  });
}
