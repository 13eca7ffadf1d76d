/** Reads a large text file line by line, as bytes. */
import { open } from 'node:fs/promises';
import { DataError } from '../../table/errors.ts';
import { isGzipped } from '../../table/formats/csv/file.ts';

/** Called for each line, which is `bytes[from]` up to but not including `bytes[to]`. */
export type OnLine = (bytes: Uint8Array, from: number, to: number) => void;

export interface LineReader {
  readonly signal: AbortSignal;
  /** Called after each piece of the file, whose lines were all given to `onLine`; bytes read so far. */
  readonly afterPiece: (bytes: number) => void | Promise<void>;
}

const PIECE_BYTES = 2 ** 22;
/** The longest line of the published dump has some 70 KB. */
const MOST_LINE_BYTES = 2 ** 23;
const [LINE_FEED, RETURN] = [10, 13];
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/**
 * Gives each line of a file to `onLine`, in pieces of 4 MiB. A byte order mark is no part of the first line.
 * @returns whether the last line has a line end.
 * @throws {DataError} if the file is gzip, or a line is longer than 8 MiB.
 */
export async function readLines(path: string, onLine: OnLine, { signal, afterPiece }: LineReader): Promise<boolean> {
  const file = await open(path);
  try {
    const buffer = Buffer.allocUnsafe(MOST_LINE_BYTES + PIECE_BYTES);
    let kept = 0;
    let done = 0;
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(buffer, kept, PIECE_BYTES);
      const filled = kept + bytesRead;
      const start = done === 0 ? textStart(path, buffer.subarray(0, filled)) : 0;
      done += bytesRead;
      const rest = giveLines(buffer, start, filled, onLine);
      if (bytesRead === 0) {
        if (rest < filled) onLine(buffer, rest, withoutReturn(buffer, rest, filled));
        return rest === filled;
      }
      kept = filled - rest;
      if (kept > MOST_LINE_BYTES)
        throw new DataError('wrong_format', `${path} has a line of more than 8 MiB, expected text of one row a line`);
      buffer.copyWithin(0, rest, filled);
      await afterPiece(done);
    }
  } finally {
    await file.close();
  }
}

/** Returns where the text of a file begins. */
function textStart(path: string, first: Buffer): number {
  if (isGzipped(first)) throw new DataError('wrong_format', `${path} is gzip, expected text: decompress it first`);
  return first.indexOf(BYTE_ORDER_MARK) === 0 ? BYTE_ORDER_MARK.length : 0;
}

/** Gives the complete lines, and returns where the rest begins. */
function giveLines(buffer: Buffer, start: number, filled: number, onLine: OnLine): number {
  let from = start;
  for (;;) {
    const end = buffer.indexOf(LINE_FEED, from);
    if (end < 0 || end >= filled) return from;
    onLine(buffer, from, withoutReturn(buffer, from, end));
    from = end + 1;
  }
}

function withoutReturn(buffer: Buffer, from: number, to: number): number {
  return to > from && buffer[to - 1] === RETURN ? to - 1 : to;
}
