import type { RemoteFolder } from '../../lib/bundle/remote-folder.ts';
import { openStore } from '../../lib/store/open-store.ts';
import { DataError } from '../../lib/table/errors.ts';
import type { EndpointOptions } from '../bucket.ts';
import { UsageError } from '../terminal/exit.ts';

/**
 * Returns the folder of a bucket that `s3://bucket/folder` names; `null` for a local folder.
 * @throws {UsageError} naming the option, where it is a whole bucket.
 */
export function remotePlace(option: string, text: string, { endpoint }: EndpointOptions): RemoteFolder | null {
  if (!text.startsWith('s3://')) return null;
  const [, bucket, folder = ''] = /^(s3:\/\/[^/]*)\/*(.*?)\/*$/.exec(text) ?? [];
  if (bucket === undefined || folder === '')
    throw new UsageError(`${option}: expected a folder or s3://bucket/folder, got ${text}`);
  try {
    return { store: openStore(bucket, { endpoint }), prefix: `${folder}/` };
  } catch (cause) {
    throw new UsageError(`${option}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** @throws {DataError} where the folder has a file, before any long work begins. */
export async function requireEmpty({ store, prefix }: RemoteFolder): Promise<void> {
  for await (const { key } of store.list(prefix))
    throw new DataError(
      'folder_not_empty',
      `${store.url}/${prefix} is not empty, it has ${key}, expected a new folder for the bundle`,
    );
}
