/**
 * CSV record by record, without building values: where each record begins and ends, and which ones are malformed.
 *
 * The dialect is RFC 4180's: fields quoted with `"`, quotes doubled inside, line ends LF or CRLF, also inside quotes.
 * A quote inside an unquoted field is an ordinary character. Blank lines are no records.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import type { RejectReason } from '../../contract/reject-reasons.ts';

export type MalformedReason = Extract<RejectReason, 'field_count' | 'quote_misplaced' | 'not_utf8'>;

/** What a record needs before DuckDB can read it. */
export type RecordFault =
  | { readonly kind: 'malformed'; readonly reason: MalformedReason; readonly value: string }
  /** Well formed, but with bytes that DuckDB takes for a quote or a line end. */
  | { readonly kind: 'unusual' };

/** Whole records of consecutive bytes. */
export interface RecordBlock {
  readonly bytes: Buffer;
  /** Position of the first byte, from where the scan began. */
  readonly offset: number;
  readonly count: number;
  /** Where each record's bytes begin and end, its line end left out. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** By index in the block. */
  readonly faults: ReadonlyMap<number, RecordFault>;
}

/** Thrown where the bytes end, or go on for too long, inside a record. */
export class UnclosedQuoteError extends Error {
  override readonly name = 'UnclosedQuoteError';
  constructor(readonly record: number) {
    super(`quote of record ${record} is not closed`);
  }
}

/** DuckDB's limit for a line, too: beyond it a quote was left open, or the file is no CSV. */
export const MAX_RECORD_BYTES = 2 * 1024 * 1024;

const LF = 10;
const CR = 13;
const QUOTE = 34;
const [FIELD_START, UNQUOTED, QUOTED, QUOTE_IN_QUOTED] = [0, 1, 2, 3];

/**
 * Reads bytes in blocks of any size and gives their records.
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

/** The fields of one record's bytes. */
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

/** A record with every field quoted. */
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
        // Decided by the byte after it; the last byte of a block is looked at again with the next block.
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

/** The beginning of a record, for people to recognise it. */
function excerpt(record: Buffer): string {
  return record.subarray(0, 256).toString('utf8').slice(0, 64);
}
