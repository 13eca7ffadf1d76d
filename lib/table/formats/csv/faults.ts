/** Why a record is malformed, or must be written anew. */
import type { RejectReason } from '../../../contract/reject-reasons.ts';
import { byteText, countOf } from '../../../numbers/text.ts';
import { splitRecord } from './fields.ts';
import type { Writing } from './grammar.ts';

/** Why a record is malformed. */
export type MalformedReason = Extract<
  RejectReason,
  | 'field_count'
  | 'quote_misplaced'
  | 'quote_not_closed'
  | 'not_utf8'
  | 'record_too_long'
  | 'header_repeated'
  | 'json_not_object'
  | 'json_key_repeated'
>;

/** Why a record cannot be given to DuckDB as it is. */
export type RecordFault =
  /** Malformed: the row is rejected. */
  | { readonly kind: 'malformed'; readonly reason: MalformedReason; readonly value: string }
  /** Well formed, but not as DuckDB reads it: it is written in quotes before. */
  | { readonly kind: 'unusual' };

/** Bytes of the longest record that is read. A longer one is rejected. */
export const MAX_RECORD_BYTES = 2 * 1024 * 1024;

const BYTE_ORDER_MARK = Buffer.from('\ufeff');
const TAB = 9;
const BLANK = 32;

/** Returns the fault of a malformed record. */
export function malformed(
  record: Buffer,
  { isOpen, isMisplaced, count }: { readonly isOpen: boolean; readonly isMisplaced: boolean; readonly count: number },
): RecordFault {
  if (record.length > MAX_RECORD_BYTES)
    return { kind: 'malformed', reason: 'record_too_long', value: byteText(record.length) };
  if (isOpen) return { kind: 'malformed', reason: 'quote_not_closed', value: excerpt(record) };
  if (isMisplaced) return { kind: 'malformed', reason: 'quote_misplaced', value: excerpt(record) };
  return { kind: 'malformed', reason: 'field_count', value: countOf(count, 'field') };
}

/** Returns the beginning of a record, for people to recognise it. */
export function excerpt(record: Buffer): string {
  return record.subarray(0, 256).toString('utf8').slice(0, 64);
}

/** Returns whether a record is the header once more, as in files that were put together from several. */
export function headerFinder(
  header: readonly string[],
  writing: Writing,
): (bytes: Buffer, start: number, end: number) => boolean {
  const first = Buffer.from(header[0] ?? '');
  const quote = writing.quote?.charCodeAt(0);
  return (bytes, start, end) => {
    const text = bytes[start] === BYTE_ORDER_MARK[0] && bytes[start + 1] === BYTE_ORDER_MARK[1] ? start + 3 : start;
    const name = bytes[text] === quote ? text + 1 : text;
    for (let i = 0; i < first.length; i += 1) if (bytes[name + i] !== first[i]) return false;
    const fields = splitRecord(bytes.toString('utf8', text, end), writing);
    return fields.length === header.length && fields.every((field, index) => field.trim() === header[index]?.trim());
  };
}

/** Whether a line has blanks alone. */
export function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) if (!isBlankByte(bytes[i])) return false;
  return true;
}

export function isBlankByte(byte: number | undefined): boolean {
  return byte === BLANK || byte === TAB;
}
