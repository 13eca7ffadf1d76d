/**
 * Parts of a large object as a local file, for readers that seek (DuckDB on a Parquet file: its footer and column
 * chunks).
 */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { forEachAtOnce } from './parallel.ts';
import { rangeWithin } from './request.ts';
import { type ByteRange, ObjectNotFoundError, type Store } from './store.ts';

export interface SparseCopy {
  readonly key: string;
  readonly versionId: string;
  /** Ranges in any order, which may overlap; one that ends behind the object's end is cut there. */
  readonly ranges: readonly ByteRange[];
  /** Path of the file to write; its folder is made, and a file that is there is replaced. */
  readonly path: string;
}

// S3 serves ranges of 8 to 16 MiB best, and some at a time; as many are in memory.
const PIECE_BYTES = 8 * 2 ** 20;
const PIECES_AT_ONCE = 6;

/**
 * Writes byte ranges of one version of an object to a local file of the object's size. Everything else in it reads as
 * zeros and takes no room on the disk.
 * @throws {ObjectNotFoundError} where there is no such version.
 * @throws {RangeError} where a range is empty, or begins behind the object's end.
 */
export async function toSparseFile(store: Store, { key, versionId, ranges, path }: SparseCopy): Promise<void> {
  const info = await store.head(key, versionId);
  if (info === null) throw new ObjectNotFoundError(key, store.url, versionId);
  const wanted = mergeRanges(ranges.map((range) => rangeWithin(range, info.size, key)));
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'w');
  try {
    await file.truncate(info.size);
    await forEachAtOnce(piecesOf(wanted), PIECES_AT_ONCE, async (range) => {
      const { body } = await store.get(key, { versionId, range });
      await writeAt(file, body, range.start);
    });
  } finally {
    await file.close();
  }
}

/** The same bytes as ranges that neither overlap nor touch, in order. */
export function mergeRanges(ranges: readonly ByteRange[]): ByteRange[] {
  const merged: ByteRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || range.start > last.end) merged.push(range);
    else merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
  }
  return merged;
}

/** The ranges, cut into pieces of one request each. */
export function* piecesOf(ranges: readonly ByteRange[]): Generator<ByteRange> {
  for (const { start, end } of ranges)
    for (let from = start; from < end; from += PIECE_BYTES)
      yield { start: from, end: Math.min(from + PIECE_BYTES, end) };
}

/** Writes all of the bytes to an open file. */
export async function writeAt(file: FileHandle, body: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < body.length; ) {
    const { bytesWritten } = await file.write(body, written, body.length - written, position + written);
    written += bytesWritten;
  }
}
