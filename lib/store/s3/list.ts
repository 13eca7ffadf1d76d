import {
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { ObjectInfo } from '../store.ts';

/**
 * The current objects whose keys start with a prefix, in the order of their keys' UTF-8 bytes; without metadata. Of
 * S3's listings only that of versions tells their ids; it also reads through the versions that are not current.
 */
export async function* listCurrent(client: S3Client, bucket: string, prefix: string): AsyncGenerator<ObjectInfo> {
  let next: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } | null = {};
  while (next !== null) {
    const page: ListObjectVersionsCommandOutput = await client.send(
      // XML cannot carry every character that a key may have.
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, EncodingType: 'url', ...next }),
    );
    const decode = page.EncodingType === 'url' ? decodeKey : (key: string) => key;
    for (const { Key = '', Size = 0, ETag = '', VersionId = '', IsLatest } of page.Versions ?? []) {
      const key = decode(Key);
      // A folder that was made in the console is an object whose key ends in a slash.
      if (IsLatest && !key.endsWith('/')) yield { key, size: Size, etag: ETag, versionId: VersionId, metadata: {} };
    }
    const { NextKeyMarker, NextVersionIdMarker, IsTruncated } = page;
    next = IsTruncated
      ? {
          KeyMarker: decode(NextKeyMarker ?? ''),
          ...(NextVersionIdMarker !== undefined && { VersionIdMarker: NextVersionIdMarker }),
        }
      : null;
  }
}

/** Folders directly below one that hold a current object, each as the prefix of its keys. */
export async function* listFoldersOf(client: S3Client, bucket: string, folder: string): AsyncGenerator<string> {
  let next: { readonly ContinuationToken?: string } | null = {};
  while (next !== null) {
    const page: ListObjectsV2CommandOutput = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: folder, Delimiter: '/', EncodingType: 'url', ...next }),
    );
    const decode = page.EncodingType === 'url' ? decodeKey : (key: string) => key;
    for (const { Prefix = '' } of page.CommonPrefixes ?? []) yield decode(Prefix);
    next = page.NextContinuationToken === undefined ? null : { ContinuationToken: page.NextContinuationToken };
  }
}

function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}
