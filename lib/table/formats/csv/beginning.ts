/** Finds where the header of a CSV file begins, and how its lines end. */
import { DataError } from '../../errors.ts';
import type { Writing } from './grammar.ts';

/** The beginning of a file. */
export interface Head {
  /** Name of the file, for messages. */
  readonly name: string;
  readonly bytes: Buffer;
  /** Whether these are all bytes of the file. */
  readonly isWhole: boolean;
}

const HASH = 35;

function isLineEnd(byte: number | undefined): boolean {
  return byte === 10 || byte === 13;
}

/** Returns where the header begins, after blank lines and a first line such as `sep=;`, which Excel reads and writes. */
export function beginning({ name, bytes }: Head): { readonly start: number; readonly delimiter: string | null } {
  let start = bytes.subarray(0, 3).equals(Buffer.from('\ufeff')) ? 3 : 0;
  while (isLineEnd(bytes[start])) start += 1;
  const told = /^"?sep=([\x20-\x7e\t])"?[\r\n]+/.exec(bytes.toString('latin1', start, start + 16));
  if (told !== null) start += told[0].length;
  while (isLineEnd(bytes[start])) start += 1;
  if (start >= bytes.length)
    throw new DataError('empty_file', `${name} has no header, expected a line of column names`);
  return { start, delimiter: told?.[1] ?? null };
}

/** Returns where the first line after lines that begin with `#` begins; `start` if the first one does not, or all do. */
export function afterComments({ bytes }: Head, start: number): number {
  let at = start;
  while (bytes[at] === HASH) {
    while (at < bytes.length && !isLineEnd(bytes[at])) at += 1;
    while (isLineEnd(bytes[at])) at += 1;
  }
  return at < bytes.length ? at : start;
}

/** Lines end with a carriage return alone if there is one, and no line feed outside quotes. */
export function lineEndOf(bytes: Buffer): Writing['lineEnd'] {
  if (!bytes.includes(13)) return 'lf';
  let isQuoted = false;
  for (const byte of bytes) {
    if (byte === 34) isQuoted = !isQuoted;
    if (byte === 10 && !isQuoted) return 'lf';
  }
  return 'cr';
}
