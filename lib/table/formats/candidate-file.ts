import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { DataError } from '../errors.ts';

/** A range of bytes, from `start` up to but not including `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A candidate file. If it is in a bucket, only the bytes that are needed are fetched. */
export interface CandidateFile {
  /** Name for messages; its extension is that of the format. */
  readonly name: string;
  /** Path of a local file for DuckDB to read. Bytes that have not been fetched are zeros. */
  readonly path: string;
  /** Size in bytes. */
  readonly size: number;
  /** Whether all bytes can be read at `path`, and none need be fetched. */
  readonly isLocal: boolean;
  /** Fetches bytes, so that they can be read at `path`. */
  fetch(ranges: readonly ByteRange[]): Promise<void>;
  /** Streams bytes in order. @default the whole file */
  read(range?: ByteRange): AsyncIterable<Buffer>;
}

/**
 * Returns a local file as a candidate file.
 * @throws {DataError} `no_such_file`.
 */
export async function localCandidate(path: string, name: string = path): Promise<CandidateFile> {
  const facts = await stat(path).catch(() => null);
  if (facts === null || !facts.isFile()) throw new DataError('no_such_file', `no such file: ${path}`);
  return {
    name,
    path,
    size: facts.size,
    isLocal: true,
    fetch: async () => undefined,
    read: (range) =>
      createReadStream(path, { highWaterMark: 2 ** 20, ...(range && { start: range.start, end: range.end - 1 }) }),
  };
}

/** Returns the first `count` bytes of a file, or all bytes of a shorter one. */
export async function firstBytes(file: Pick<CandidateFile, 'read' | 'size'>, count: number): Promise<Buffer> {
  if (file.size === 0) return Buffer.alloc(0);
  const blocks: Buffer[] = [];
  for await (const block of file.read({ start: 0, end: Math.min(count, file.size) })) blocks.push(block);
  return Buffer.concat(blocks);
}
