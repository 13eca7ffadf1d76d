/** Writes to S3, each of which makes the whole object visible at once, or nothing. */
import { type FileHandle, open } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { forEachAtOnce } from '../parallel.ts';
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

interface Upload {
  readonly file: FileHandle;
  readonly path: string;
  readonly size: number;
  readonly partBytes: number;
}

async function uploadParts(target: S3Object, upload: Upload, options: PutOptions): Promise<Facts> {
  const { client, bucket: Bucket, key: Key } = target;
  const create = { Bucket, Key, Metadata: options.metadata, ChecksumAlgorithm: 'CRC32' } as const;
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(create));
  const id = { Bucket, Key, UploadId };
  try {
    const parts: CompletedPart[] = [];
    await forEachAtOnce(partsOf(upload), PARTS_AT_ONCE, async ({ number, start, end }) => {
      const part = { ...id, PartNumber: number, Body: await readExactly(upload, start, end) };
      const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand({ ...part, ChecksumAlgorithm: 'CRC32' }));
      parts[number - 1] = { PartNumber: number, ETag, ChecksumCRC32 };
    });
    const complete = { ...id, MultipartUpload: { Parts: parts }, ...conditionOf(options) };
    const { ETag, VersionId } = await client.send(new CompleteMultipartUploadCommand(complete));
    return { size: upload.size, etag: ETag, versionId: VersionId, metadata: { ...options.metadata } };
  } catch (error) {
    // Parts of an upload that nobody ends are paid for; where this fails too, the bucket's lifecycle removes them.
    await client.send(new AbortMultipartUploadCommand(id)).catch(() => undefined);
    throw error;
  }
}

function* partsOf({ size, partBytes }: Upload): Generator<{ number: number; start: number; end: number }> {
  for (let start = 0, number = 1; start < size; start += partBytes, number += 1)
    yield { number, start, end: Math.min(start + partBytes, size) };
}

async function readExactly({ file, path }: Upload, start: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start);
  for (let filled = 0; filled < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
    if (bytesRead === 0) throw new Error(`${path} became shorter while it was uploaded`);
    filled += bytesRead;
  }
  return bytes;
}

function conditionOf({ ifAbsent, ifMatch }: PutOptions): { IfNoneMatch?: string; IfMatch?: string } {
  if (ifAbsent) return { IfNoneMatch: '*' };
  return ifMatch === undefined ? {} : { IfMatch: ifMatch };
}

/** Makes a write again while S3 cannot decide it. */
function untilDecided(write: () => Promise<Facts>): Promise<Facts> {
  return withRetries(write, { ...CONFLICT_RETRIES, mayPass: isUndecided });
}
