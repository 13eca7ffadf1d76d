import {
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { ListedObject } from '../store.ts';

/**
 * The current objects whose keys start with a prefix, in the order of their keys' UTF-8 bytes; without metadata. Only
 * S3's listing of versions, for which the SDK has no paginator, has their ids; it also reads through the versions that
 * are not current.
 */
export async function* listCurrent(client: S3Client, bucket: string, prefix: string): AsyncGenerator<ListedObject> {
  let next: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } | null = {};
  while (next !== null) {
    const page: ListObjectVersionsCommandOutput = await client.send(
      // XML cannot carry every character that a key may have.
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, EncodingType: 'url', ...next }),
    );
    const decode = decoderOf(page);
    for (const { Key = '', Size = 0, ETag = '', VersionId = '', LastModified, IsLatest } of page.Versions ?? []) {
      const key = decode(Key);
      // A folder that was made in the console is an object whose key ends in a slash.
      if (!IsLatest || key.endsWith('/')) continue;
      const storedAt = LastModified ?? new Date(0);
      yield { key, size: Size, etag: ETag, versionId: VersionId, metadata: {}, storedAt };
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
  const request = { Bucket: bucket, Prefix: folder, Delimiter: '/', EncodingType: 'url' } as const;
  for await (const page of paginateListObjectsV2({ client }, request))
    for (const { Prefix = '' } of page.CommonPrefixes ?? []) yield decoderOf(page)(Prefix);
}

function decoderOf({ EncodingType }: { readonly EncodingType?: string | undefined }): (key: string) => string {
  return EncodingType === 'url' ? decodeKey : (key) => key;
}

function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}
