/** Byte ranges of objects, and files that are written range by range. */
import type { FileHandle } from 'node:fs/promises';
import type { ByteRange } from './store.ts';

// S3 serves ranges of 8 to 16 MiB best.
const PIECE_BYTES = 8 * 2 ** 20;

/** Pieces that are read at once, of one object; as many are in memory. */
export const PIECES_AT_ONCE = 6;

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
