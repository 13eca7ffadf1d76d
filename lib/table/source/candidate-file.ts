import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { DataError } from '../errors.ts';

/** Bytes `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A candidate file that may lie elsewhere: what is needed of it is fetched. */
export interface CandidateFile {
  /** What it is called in messages; its extension tells the format. */
  readonly name: string;
  /** Local, for DuckDB. Reads as zeros where nothing was fetched. */
  readonly path: string;
  readonly size: number;
  /** Makes these bytes readable at `path`. */
  fetch(ranges: readonly ByteRange[]): Promise<void>;
  /** Bytes in their order. @default all of them */
  read(range?: ByteRange): AsyncIterable<Buffer>;
}

/** A file that lies here. */
export async function localCandidate(path: string, name: string = path): Promise<CandidateFile> {
  const facts = await stat(path).catch(() => null);
  if (facts === null || !facts.isFile()) throw new DataError('no_such_file', `no such file: ${path}`);
  return {
    name,
    path,
    size: facts.size,
    fetch: async () => undefined,
    read: (range) =>
      createReadStream(path, { highWaterMark: 2 ** 20, ...(range && { start: range.start, end: range.end - 1 }) }),
  };
}

/** The first bytes, fewer where the file is shorter. */
export async function firstBytes(file: Pick<CandidateFile, 'read' | 'size'>, count: number): Promise<Buffer> {
  if (file.size === 0) return Buffer.alloc(0);
  const blocks: Buffer[] = [];
  for await (const block of file.read({ start: 0, end: Math.min(count, file.size) })) blocks.push(block);
  return Buffer.concat(blocks);
}
