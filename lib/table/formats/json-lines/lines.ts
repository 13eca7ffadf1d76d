/** The lines of a file, and the object in each. */
import { isUtf8 } from 'node:buffer';
import { byteText } from '../../../numbers/text.ts';
import { DataError } from '../../errors.ts';
import { excerpt, MAX_RECORD_BYTES, type MalformedReason } from '../csv/faults.ts';
import { JsonError, type JsonValue, parseObject } from './parse.ts';

/** A line that is not blank. */
export interface Line {
  /** Its number, from 1, counting blank ones. */
  readonly number: number;
  /** Position of its first byte. */
  readonly start: number;
  readonly bytes: Buffer;
}

/** A line's object, or why it has none. */
export type JsonRecord =
  | { readonly values: ReadonlyMap<string, JsonValue> }
  | { readonly reason: MalformedReason; readonly value: string };

/** Bytes of the longest line that is read into memory. */
const LONGEST_LINE = 8 * MAX_RECORD_BYTES;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/**
 * Yields the lines that are not blank, without their ends.
 * @throws {DataError} if a line does not end.
 */
export async function* linesOf(blocks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Line> {
  let [rest, start, number] = [Buffer.alloc(0), 0, 0];
  for await (const block of blocks) {
    const bytes = rest.length === 0 ? block : Buffer.concat([rest, block]);
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      number += 1;
      const line = lineOf(bytes.subarray(from, end), number, start + from);
      if (line !== null) yield line;
      from = end + 1;
    }
    rest = Buffer.from(bytes.subarray(from));
    start += from;
    if (rest.length > LONGEST_LINE)
      throw new DataError(
        'wrong_format',
        `line ${number + 1} of ${name} has no end within ${byteText(LONGEST_LINE)}, expected one JSON object on each line`,
      );
  }
  const last = lineOf(rest, number + 1, start);
  if (last !== null) yield last;
}

function lineOf(bytes: Buffer, number: number, start: number): Line | null {
  const marked = number === 1 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? bytes.subarray(3) : bytes;
  const isBlank = marked.every((byte) => byte === 32 || byte === 9 || byte === 13);
  return isBlank ? null : { number, start, bytes: marked };
}

/** Returns the object of a line, or why it has none. */
export function recordOf({ bytes }: Line): JsonRecord {
  if (bytes.length > MAX_RECORD_BYTES) return { reason: 'record_too_long', value: excerpt(bytes) };
  if (!isUtf8(bytes)) return { reason: 'not_utf8', value: excerpt(bytes) };
  try {
    return { values: parseObject(bytes.toString('utf8')) };
  } catch (error) {
    if (error instanceof JsonError) return { reason: error.reason, value: excerpt(bytes) };
    throw error;
  }
}
