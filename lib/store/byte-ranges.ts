/** Byte ranges of objects, and files that are written range by range. */
import type { FileHandle } from 'node:fs/promises';
import { forEachAtOnce } from './parallel.ts';
import type { ByteRange } from './store.ts';

// S3 serves ranges of 8 to 16 MiB best.
const PIECE_BYTES = 8 * 2 ** 20;

// Of one object.
const PIECES_AT_ONCE = 6;

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

// What was read into, to be read into again.
const rooms: Buffer[] = [];

/** Copies pieces of an object to their places in a file, some at a time, and all of them through the same memory. */
export async function copyPieces(
  pieces: Iterable<ByteRange>,
  file: FileHandle,
  get: (range: ByteRange, room: Uint8Array) => Promise<{ readonly body: Uint8Array }>,
): Promise<void> {
  await forEachAtOnce(pieces, PIECES_AT_ONCE, async (range) => {
    const room = rooms.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
    await writeAt(file, (await get(range, room)).body, range.start);
    if (rooms.length < PIECES_AT_ONCE) rooms.push(room);
  });
}
