/**
 * Scans CSV without building values: where each record begins and ends, and which records are malformed.
 *
 * The rules are those of RFC 4180: fields are quoted with `"`, quotes inside are doubled, lines end with LF or CRLF,
 * and quoted fields may contain line ends. A quote inside an unquoted field is an ordinary character. Blank lines are
 * not records.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import type { RejectReason } from '../../../contract/reject-reasons.ts';

/** Why a record is malformed. */
export type MalformedReason = Extract<RejectReason, 'field_count' | 'quote_misplaced' | 'not_utf8'>;

/** Why a record cannot be given to DuckDB as it is. */
export type RecordFault =
  /** Malformed: the row is rejected. */
  | { readonly kind: 'malformed'; readonly reason: MalformedReason; readonly value: string }
  /** Well formed, but with bytes that DuckDB would take for a quote or a line end: it is quoted before. */
  | { readonly kind: 'unusual' };

/** Complete records in consecutive bytes. */
export interface RecordBlock {
  readonly bytes: Buffer;
  /** Position of the first byte, from the beginning of the scan. */
  readonly offset: number;
  /** Number of records. */
  readonly count: number;
  /** Position in `bytes` at which each record begins. */
  readonly starts: Float64Array;
  /** Position in `bytes` at which each record ends, before its line end. */
  readonly ends: Float64Array;
  /** Faults by index of the record in the block. */
  readonly faults: ReadonlyMap<number, RecordFault>;
}

/** Thrown if the bytes end inside a quoted field, or a record is too long. */
export class UnclosedQuoteError extends Error {
  override readonly name = 'UnclosedQuoteError';
  constructor(readonly record: number) {
    super(`quote of record ${record} is not closed`);
  }
}

/**
 * Longest record, which is also DuckDB's limit. A longer one means that a quote is not closed, or the file is not CSV.
 */
export const MAX_RECORD_BYTES = 2 * 1024 * 1024;

const LF = 10;
const CR = 13;
const QUOTE = 34;
const [FIELD_START, UNQUOTED, QUOTED, QUOTE_IN_QUOTED] = [0, 1, 2, 3];

/**
 * Reads bytes in blocks of any size, and yields their records.
 * @throws {UnclosedQuoteError} with the number of the record, counted from 0.
 */
export async function* scanRecords(
  source: AsyncIterable<Buffer>,
  { delimiter, fields }: { readonly delimiter: string; readonly fields: number },
): AsyncGenerator<RecordBlock> {
  const scan = blockScanner(delimiter.charCodeAt(0), fields);
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  let records = 0;
  for await (const block of source) {
    const bytes = rest.length === 0 ? block : Buffer.concat([rest, block]);
    const { used, ...found } = scan(bytes, false);
    yield { bytes, offset, ...found };
    offset += used;
    records += found.count;
    rest = bytes.subarray(used);
    if (rest.length > MAX_RECORD_BYTES) throw new UnclosedQuoteError(records);
  }
  if (rest.length === 0) return;
  const { used, ...found } = scan(rest, true);
  if (used < rest.length) throw new UnclosedQuoteError(records + found.count);
  yield { bytes: rest, offset, ...found };
}

/** Returns the fields of a record. */
export function splitRecord(record: string, delimiter: string): string[] {
  const fields: string[] = [];
  for (let at = 0; at <= record.length; at += 1) {
    let field = '';
    if (record[at] === '"') {
      let close = record.indexOf('"', at + 1);
      while (close >= 0 && record[close + 1] === '"') close = record.indexOf('"', close + 2);
      const end = close < 0 ? record.length : close;
      field = record.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
    }
    const next = record.indexOf(delimiter, at);
    const end = next < 0 ? record.length : next;
    fields.push(field + record.slice(at, end));
    at = end;
  }
  return fields;
}

/** Returns fields as a record in which every field is quoted. */
export function quoteRecord(fields: readonly string[], delimiter: string): string {
  return fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(delimiter);
}

type Scan = (bytes: Buffer, isLast: boolean) => Omit<RecordBlock, 'bytes' | 'offset'> & { readonly used: number };

function blockScanner(delimiter: number, fields: number): Scan {
  return (bytes, isLast) => {
    const starts: number[] = [];
    const ends: number[] = [];
    const faults = new Map<number, RecordFault>();
    const ascii = isAscii(bytes);
    let start = 0;
    let state = FIELD_START;
    let count = 1;
    let isUnusual = false;
    let isMisplaced = false;
    const finish = (end: number, next: number) => {
      if (end > start) {
        const fault = faultOf(bytes.subarray(start, end));
        if (fault !== null) faults.set(starts.length, fault);
        starts.push(start);
        ends.push(end);
      }
      start = next;
      state = FIELD_START;
      count = 1;
      isUnusual = false;
      isMisplaced = false;
    };
    const faultOf = (record: Buffer): RecordFault | null => {
      if (isMisplaced) return { kind: 'malformed', reason: 'quote_misplaced', value: excerpt(record) };
      if (count !== fields) return { kind: 'malformed', reason: 'field_count', value: `${count} fields` };
      if (!ascii && !isUtf8(record)) return { kind: 'malformed', reason: 'not_utf8', value: excerpt(record) };
      return isUnusual ? { kind: 'unusual' } : null;
    };
    for (let i = 0; i < bytes.length; i += 1) {
      const byte = bytes[i];
      if (state === QUOTED) {
        if (byte === QUOTE) state = QUOTE_IN_QUOTED;
        continue;
      }
      if (byte === LF) {
        finish(i > start && bytes[i - 1] === CR ? i - 1 : i, i + 1);
      } else if (byte === delimiter) {
        state = FIELD_START;
        count += 1;
      } else if (byte === QUOTE) {
        if (state === UNQUOTED) isUnusual = true;
        else state = QUOTED;
      } else if (byte === CR) {
        // The next byte decides whether this is a line end. The last byte of a block is scanned again with the next
        // block.
        if (i + 1 < bytes.length && bytes[i + 1] !== LF) {
          if (state === QUOTE_IN_QUOTED) isMisplaced = true;
          state = UNQUOTED;
          isUnusual = true;
        }
      } else {
        if (state === QUOTE_IN_QUOTED) isMisplaced = true;
        state = UNQUOTED;
      }
    }
    if (isLast && state !== QUOTED)
      finish(bytes[bytes.length - 1] === CR ? bytes.length - 1 : bytes.length, bytes.length);
    return {
      used: start,
      count: starts.length,
      starts: Float64Array.from(starts),
      ends: Float64Array.from(ends),
      faults,
    };
  };
}

/** Returns the beginning of a record, for people to recognise it. */
function excerpt(record: Buffer): string {
  return record.subarray(0, 256).toString('utf8').slice(0, 64);
}
