/**
 * A store over an S3 bucket that keeps versions. The SDK repeats requests that fail for a time, conditional writes too:
 * where the response to a write was lost, its repetition meets the object that it wrote itself, and
 * `PreconditionFailedError` is thrown for a write that was made. `putConditionally` recognises such a write.
 */
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { CopyObjectCommand, DeleteObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { AwsConnection } from '../aws/aws-settings.ts';
import { copyToLocal } from '../local-copy.ts';
import { checkCopy, checkFolder, checkKey, checkPrefix, checkPut, rangeWithin } from '../request.ts';
import {
  type ByteRange,
  type GetOptions,
  type ObjectInfo,
  ObjectNotFoundError,
  PreconditionFailedError,
  type PutOptions,
  type Store,
  type StoredObject,
} from '../store.ts';
import { bucketTime } from './bucket-time.ts';
import { s3Client } from './client.ts';
import { describeError, isBehindEnd, isMissing, isPreconditionFailed } from './errors.ts';
import { listCurrent, listFoldersOf } from './list.ts';
import { type Facts, getObject, headObject, type Read, type S3Object } from './read.ts';
import { putBytes, putLocalFile, UPLOAD_SIZES, type UploadSizes } from './write.ts';

export interface S3StoreOptions extends AwsConnection {
  readonly bucket: string;
  /** @default a client of that connection */
  readonly client?: S3Client;
  /** @default up to 64 MiB in one request, above it in parts of 16 MiB */
  readonly uploadSizes?: UploadSizes;
}

type Operation = 'head' | 'get' | 'put' | 'delete' | 'copy' | 'list';

// File systems take 255 bytes; a segment of a key may have 1,024.
const MAX_NAME_BYTES = 200;

/**
 * The bucket as a store. It must have versioning. The caller needs `s3:ListBucketVersions` for `list`, and
 * `s3:ListBucket` so that S3 distinguishes a missing object from a forbidden one. Objects above 5 GiB cannot be copied.
 * @throws {Error} by every operation, naming it, the bucket and the key, where S3 refuses it.
 */
export function s3Store(options: S3StoreOptions): Store {
  const { bucket, client = s3Client(options), uploadSizes = UPLOAD_SIZES } = options;
  const url = `s3://${bucket}`;

  function object(key: string): S3Object {
    return { client, bucket, key };
  }

  /** The result of a request; `null` where it fails because there is no such object. */
  async function ifThere<T>(operation: Operation, key: string, request: () => Promise<T>): Promise<T | null> {
    try {
      return await request();
    } catch (error) {
      if (isMissing(error)) return null;
      throw describeError(error, operation, `${url}/${key}`);
    }
  }

  async function head(key: string, versionId?: string): Promise<ObjectInfo | null> {
    checkKey(key);
    const facts = await ifThere('head', key, () => headObject(object(key), versionId));
    return facts && infoFrom(key, facts, url);
  }

  async function get(key: string, options: GetOptions = {}): Promise<StoredObject> {
    const { versionId, range } = options;
    checkKey(key);
    // A range that is wrong in itself needs no request to be refused.
    if (range !== undefined) rangeWithin(range, Number.POSITIVE_INFINITY, key);
    try {
      const found = await ifThere('get', key, () => getObject(object(key), options));
      if (found === null) throw new ObjectNotFoundError(key, url, versionId);
      return { ...infoFrom(key, found, url), body: bodyWithin(found, range, key) };
    } catch (error) {
      if (range === undefined || !(error instanceof Error) || !isBehindEnd(error.cause)) throw error;
      const info = await head(key, versionId);
      if (info !== null) rangeWithin(range, info.size, key);
      throw error;
    }
  }

  async function write(key: string, options: PutOptions, request: () => Promise<Facts>): Promise<ObjectInfo> {
    checkPut(key, options);
    const facts = await request().catch((error: unknown) => {
      if (isPreconditionFailed(error))
        throw new PreconditionFailedError(key, url, options.ifAbsent ? 'ifAbsent' : 'ifMatch');
      if (isMissing(error)) throw new ObjectNotFoundError(key, url);
      throw describeError(error, 'put', `${url}/${key}`);
    });
    // Where versioning is suspended, each write is the version "null", which the next one replaces.
    return infoFrom(key, facts.versionId === 'null' ? { ...facts, versionId: undefined } : facts, url);
  }

  return {
    url,
    hasFiles: false,
    async now() {
      try {
        return await bucketTime(client, bucket);
      } catch (error) {
        throw describeError(error, 'ask the time of', url);
      }
    },
    head,
    get,
    put(key, body, putOptions = {}) {
      return write(key, putOptions, () => putBytes(object(key), body, putOptions));
    },
    async putFile(key, path, { after, ...putOptions } = {}) {
      await after;
      return write(key, putOptions, () => putLocalFile(object(key), path, putOptions, uploadSizes));
    },
    async delete(key) {
      checkKey(key);
      await ifThere('delete', key, () => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })));
    },
    async copy(from, to) {
      checkCopy(from, to);
      const source = [bucket, ...from.split('/')].map(encodeURIComponent).join('/');
      const request = new CopyObjectCommand({ Bucket: bucket, Key: to, CopySource: source });
      const copied = await ifThere('copy', from, () => client.send(request));
      if (copied === null) throw new ObjectNotFoundError(from, url);
    },
    async *list(prefix) {
      checkPrefix(prefix);
      try {
        yield* listCurrent(client, bucket, prefix);
      } catch (error) {
        throw describeError(error, 'list', `${url}/${prefix}`);
      }
    },
    async *listFolders(folder) {
      checkFolder(folder);
      try {
        yield* listFoldersOf(client, bucket, folder);
      } catch (error) {
        throw describeError(error, 'list', `${url}/${folder}`);
      }
    },
    toFile: (key, scratch, versionId) => copyToLocal({ get }, { key, versionId }, (info) => localPath(scratch, info)),
  };
}

function infoFrom(key: string, { size, etag = '', versionId, metadata = {} }: Facts, url: string): ObjectInfo {
  if (versionId === undefined) throw new Error(`${url} keeps no versions of ${key}: enable versioning`);
  return { key, size, etag, versionId, metadata };
}

function bodyWithin({ body, isWhole }: Read, range: ByteRange | undefined, key: string): Uint8Array {
  if (range === undefined || !isWhole) return body;
  const { start, end } = rangeWithin(range, body.length, key);
  return body.slice(start, end);
}

/** A folder for each version: the file keeps its name, by which others may refer to it. */
function localPath(scratch: string, { key, versionId }: ObjectInfo): string {
  const folder = createHash('sha256').update(`${key}\0${versionId}`).digest('hex').slice(0, 16);
  const name = basename(key);
  // The end of a name that is too long is kept, for its extension.
  const kept =
    Buffer.byteLength(name) <= MAX_NAME_BYTES
      ? name
      : Array.from(name)
          .slice(-MAX_NAME_BYTES / 4)
          .join('');
  return join(scratch, folder, kept);
}
