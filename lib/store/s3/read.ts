/** Reads from S3. */
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { withRetries } from '../retry.ts';
import type { GetOptions } from '../store.ts';
import { statusOf } from './errors.ts';

/** An object of a bucket, and how to reach it. */
export interface S3Object {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
}

/** What S3 says of an object. */
export interface Facts {
  readonly size: number;
  readonly etag: string | undefined;
  /** Absent where the bucket keeps no versions. */
  readonly versionId: string | undefined;
  readonly metadata: Readonly<Record<string, string>> | undefined;
}

/** Attempts at a response's body, where the connection breaks in its middle. */
const BODY_ATTEMPTS = 5;

/** Facts about an object, or one version of it. Throws the SDK's error. */
export async function headObject({ client, bucket, key }: S3Object, versionId?: string): Promise<Facts> {
  const request = { Bucket: bucket, Key: key, VersionId: versionId };
  try {
    const { ContentLength = 0, ETag, VersionId, Metadata } = await client.send(new HeadObjectCommand(request));
    return { size: ContentLength, etag: ETag, versionId: VersionId, metadata: Metadata };
  } catch (error) {
    // The response to a HEAD has no body; the same GET says what is wrong.
    if (statusOf(error) === 400 || statusOf(error) === 403)
      await client.send(new GetObjectCommand({ ...request, Range: 'bytes=0-0' }));
    throw error;
  }
}

/** Facts about an object and its bytes, in memory. */
export interface Read extends Facts {
  readonly body: Uint8Array;
  /** Whether the body is the whole object, which a server may return for a range too (RFC 9110, 14.2). */
  readonly isWhole: boolean;
}

/** An object's facts and bytes, or a range of these. Throws the SDK's error. */
export function getObject({ client, bucket, key }: S3Object, options: GetOptions = {}): Promise<Read> {
  const { versionId, range, room } = options;
  // The end is exclusive, that of HTTP inclusive.
  const Range = range && `bytes=${range.start}-${range.end - 1}`;
  // The SDK repeats a request that fails, and not one whose response breaks off in its body.
  let hasAnswer = false;
  const read = async (): Promise<Read> => {
    hasAnswer = false;
    const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId, Range }));
    hasAnswer = true;
    const { ETag, VersionId, Metadata, ContentRange, ContentLength = Number.POSITIVE_INFINITY, Body } = answer;
    const fits = room !== undefined && ContentLength <= room.length && Body instanceof Readable;
    const body = fits ? await readInto(room, Body) : ((await Body?.transformToByteArray()) ?? new Uint8Array());
    const size = ContentRange === undefined ? body.length : Number(ContentRange.slice(ContentRange.indexOf('/') + 1));
    const facts = { size, etag: ETag, versionId: VersionId, metadata: Metadata };
    return { ...facts, body, isWhole: ContentRange === undefined };
  };
  return withRetries(read, { attempts: BODY_ATTEMPTS, mayPass: () => hasAnswer });
}

/** The bytes of a stream, of which the room has to be large enough. */
async function readInto(room: Uint8Array, stream: Readable): Promise<Uint8Array> {
  let length = 0;
  stream.on('data', (chunk: Uint8Array) => {
    room.set(chunk, length);
    length += chunk.length;
  });
  await finished(stream);
  return room.subarray(0, length);
}
