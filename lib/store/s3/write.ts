/** Writes to S3, each of which makes the whole object visible at once, or nothing. */
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { withRetries } from '../retry.ts';
import type { PutOptions } from '../store.ts';
import { isUndecided } from './errors.ts';
import type { Facts, S3Object } from './read.ts';

/** Sizes of uploads, in bytes. */
export interface UploadSizes {
  /** A file above it goes up in parts; up to it, it is read into memory and is one request. */
  readonly wholeBytes: number;
  readonly partBytes: number;
}

export const UPLOAD_SIZES: UploadSizes = { wholeBytes: 64 * 2 ** 20, partBytes: 16 * 2 ** 20 };

const PARTS_AT_ONCE = 4;
const READ_BYTES = 2 ** 20;
// S3's limit.
const MAX_PARTS = 10_000;
// Writers of one key conflict for as long as a request takes.
const CONFLICT_RETRIES = { attempts: 10, firstDelayMs: 100, longestDelayMs: 1_000 };

/** Writes bytes as an object. */
export function putBytes(target: S3Object, body: Uint8Array | string, options: PutOptions): Promise<Facts> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return untilDecided(async () => {
    const { client, bucket: Bucket, key: Key } = target;
    const input = { Bucket, Key, Body: bytes, Metadata: options.metadata, ...conditionOf(options) };
    const { ETag, VersionId } = await client.send(new PutObjectCommand(input));
    return { size: bytes.length, etag: ETag, versionId: VersionId, metadata: { ...options.metadata } };
  });
}

/** Writes a local file as an object, in parts where it is large. The file must not change meanwhile. */
export async function putLocalFile(
  target: S3Object,
  path: string,
  options: PutOptions,
  { wholeBytes, partBytes }: UploadSizes = UPLOAD_SIZES,
): Promise<Facts> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size <= wholeBytes) return await putBytes(target, await file.readFile(), options);
    const upload = { file, size, partBytes: Math.max(partBytes, Math.ceil(size / MAX_PARTS)), path };
    return await untilDecided(() => uploadParts(target, upload, options));
  } finally {
    await file.close();
  }
}

interface LocalFile {
  readonly file: FileHandle;
  readonly path: string;
  readonly size: number;
  readonly partBytes: number;
}

/** Uploads in parts; where anything fails, the parts are removed. */
async function uploadParts(target: S3Object, local: LocalFile, options: PutOptions): Promise<Facts> {
  const { client, bucket: Bucket, key: Key } = target;
  const metadata = { ...options.metadata };
  const upload = new Upload({
    client,
    params: {
      Bucket,
      Key,
      Body: Readable.from(bytesOf(local), { objectMode: false }),
      ContentLength: local.size,
      Metadata: metadata,
      ChecksumAlgorithm: 'CRC32',
      ...conditionOf(options),
    },
    partSize: local.partBytes,
    queueSize: PARTS_AT_ONCE,
  });
  const { ETag, VersionId } = await upload.done();
  return { size: local.size, etag: ETag, versionId: VersionId, metadata };
}

/** The file's bytes, all of them: a file that became shorter would else be a whole, shorter object. */
async function* bytesOf({ file, path, size }: LocalFile): AsyncGenerator<Buffer> {
  let read = 0;
  for await (const bytes of file.createReadStream({ autoClose: false, start: 0, highWaterMark: READ_BYTES })) {
    read += (bytes as Buffer).length;
    yield bytes as Buffer;
  }
  if (read !== size) throw new Error(`${path} changed while it was uploaded: got ${read} bytes, expected ${size}`);
}

function conditionOf({ ifAbsent, ifMatch }: PutOptions): { IfNoneMatch?: string; IfMatch?: string } {
  if (ifAbsent) return { IfNoneMatch: '*' };
  return ifMatch === undefined ? {} : { IfMatch: ifMatch };
}

/** Makes a write again while S3 cannot decide it. */
function untilDecided(write: () => Promise<Facts>): Promise<Facts> {
  return withRetries(write, { ...CONFLICT_RETRIES, mayPass: isUndecided });
}
