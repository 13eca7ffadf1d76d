/**
 * Scans CSV without building values: where each record begins and ends, and which records are malformed.
 *
 * The rules are those of RFC 4180, for any delimiter, quote and escape: fields may be quoted, quotes inside are doubled
 * or escaped, lines end with LF or CRLF, and quoted fields may contain line ends. A quote inside an unquoted field is
 * an ordinary character, blanks around a quoted field are not part of it, and blank lines are not records.
 *
 * A quote that is not closed would take all lines up to the next quote into one record. If the further lines of such a
 * record are records of their own, only its first line is malformed.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import {
  excerpt,
  headerFinder,
  isBlank,
  isBlankByte,
  MAX_RECORD_BYTES,
  malformed,
  type RecordFault,
} from './faults.ts';
import { byteKinds, NEXT_STATE, NOT_PLAIN, plainFields, STEP, type Writing } from './grammar.ts';
import { joinsLines } from './joined.ts';

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
  /** Line breaks inside a record, by its index; only of records with any. */
  readonly breaks: ReadonlyMap<number, number>;
  /** Number of records with a delimiter after their last field. */
  readonly trailing: number;
  /** Whether the last record of the file has no line end. */
  readonly isCut: boolean;
}

/** Thrown if a record does not end within `LONGEST_RECORD_BYTES`. */
export class EndlessRecordError extends Error {
  override readonly name = 'EndlessRecordError';
  constructor(readonly record: number) {
    super(`record ${record} does not end`);
  }
}

/**
 * Looks at a record that DuckDB cannot read as it is, which begins at `start` and has its line end before `end`. It may
 * throw to end the scan. `isLast` says that the file ends with `bytes`.
 */
export type Suspect = (bytes: Buffer, record: SuspectRecord) => void;

interface SuspectRecord {
  /** Where the record before it begins, if that is in the same bytes. */
  readonly previous: number;
  readonly start: number;
  readonly end: number;
  readonly isLast: boolean;
  readonly isMalformed: boolean;
  /** Whether quotes join lines that are records of their own, by which it is well formed. */
  readonly isJoined: boolean;
}

/** What a scan is told besides how the file is written. */
export interface ScanOptions {
  /** Number of fields that a record must have. */
  readonly fields: number;
  /** Names of the columns: a record of these very names is none. @default any record may be one */
  readonly header?: readonly string[];
  /** Is called with each record that is malformed or unusual. @default nothing is done */
  readonly suspect?: Suspect;
}

/** Bytes after which a record without an end is not one: the file is refused. */
export const LONGEST_RECORD_BYTES = 64 * 1024 * 1024;
/** Bytes of a record that is not complete from which it is scanned again more rarely. */
const RESCANNED_BYTES = 128 * 1024;
// Lines that decide whether a record is in truth several.
const LINES_TRIED = 16;

const LF = 10;
const CR = 13;
const [UNUSUAL, MISPLACED] = [1, 2];

/**
 * Reads bytes in blocks of any size, and yields their records.
 * @throws {EndlessRecordError} with the number of the record, counted from 0.
 */
export async function* scanRecords(
  source: AsyncIterable<Buffer>,
  writing: Writing,
  options: ScanOptions,
): AsyncGenerator<RecordBlock> {
  const scan = blockScanner(writing, options);
  let waiting: Buffer[] = [];
  let bytes = 0;
  let scanned = 0;
  let offset = 0;
  let records = 0;
  for await (const block of source) {
    waiting.push(block);
    bytes += block.length;
    // A long record is scanned again when it has twice the bytes, so that the time is linear.
    if (scanned > RESCANNED_BYTES && bytes < 2 * scanned && bytes <= LONGEST_RECORD_BYTES) continue;
    const { used, ...found } = scan(joined(waiting), offset, false);
    yield found;
    offset += used;
    records += found.count;
    bytes -= used;
    scanned = bytes;
    waiting = bytes === 0 ? [] : [found.bytes.subarray(used)];
    if (bytes > LONGEST_RECORD_BYTES) throw new EndlessRecordError(records);
  }
  if (bytes > 0) yield scan(joined(waiting), offset, true);
}

function joined(blocks: readonly Buffer[]): Buffer {
  const [first] = blocks;
  return first !== undefined && blocks.length === 1 ? first : Buffer.concat(blocks);
}

/** Scans the bytes from a position of the file on, and returns how many of them belong to complete records. */
export type BlockScanner = (
  bytes: Buffer,
  offset: number,
  isLast: boolean,
) => RecordBlock & {
  readonly used: number;
};

/** Returns a scanner of single blocks. It keeps nothing between two of them. */
export function blockScanner(writing: Writing, { fields, header, suspect }: ScanOptions): BlockScanner {
  const kinds = byteKinds(writing);
  const plain = plainFields(writing);
  const next = NEXT_STATE[writing.escapesIn];
  const lineEnd = writing.lineEnd === 'cr' ? CR : LF;
  const delimiter = writing.delimiter.charCodeAt(0);
  /** The state after fields without quotes and escapes, which only for a quote depends on the blanks before it. */
  const stateAfterPlain = (bytes: Buffer, begin: number, end: number): number => {
    let at = end;
    while (at > begin && isBlankByte(bytes[at - 1]) && bytes[at - 1] !== delimiter) at -= 1;
    if (at > begin && bytes[at - 1] !== delimiter) return STEP.unquoted;
    return at === end ? STEP.start : STEP.blanks;
  };
  const lineFault: LineFault = (line) => blockScanner(writing, { fields })(line, 0, true).faults.get(0) ?? null;
  /** Whether most lines after the first line break, up to `end`, are records of their own. Of one column all would be. */
  const areRecords = (bytes: Buffer, firstBreak: number, end: number) =>
    firstBreak >= 0 && fields > 1 && mostAre(isRecord, linesOf(bytes, firstBreak + 1, end, lineEnd));
  const isRecord = (line: Buffer) => {
    const fault = lineFault(line);
    // A line whose quote is not closed itself tells nothing.
    if (fault?.kind === 'malformed' && fault.reason === 'quote_not_closed') return null;
    // A stray quote rather closes a field that was begun in a line before.
    return fault === null || (fault.kind === 'unusual' && writing.escaping !== null && line.includes(writing.escaping));
  };
  const isHeader = header === undefined || fields === 1 ? () => false : headerFinder(header, writing);
  const faultOfText = (bytes: Buffer, start: number, end: number, ascii: boolean): RecordFault | null => {
    const isText = ascii || isUtf8(bytes.subarray(start, end));
    if (isText && !isHeader(bytes, start, end)) return null;
    const reason = isText ? 'header_repeated' : 'not_utf8';
    return { kind: 'malformed', reason, value: excerpt(bytes.subarray(start, end)) };
  };
  return (bytes, offset, isLast) => {
    const starts: number[] = [];
    const ends: number[] = [];
    const faults = new Map<number, RecordFault>();
    const breaks = new Map<number, number>();
    const { length } = bytes;
    const ascii = isAscii(bytes);
    let trailing = 0;
    let isCut = false;
    let start = 0;
    let state: number = STEP.start;
    let count = 1;
    let flags = 0;
    let lineBreaks = 0;
    let firstBreak = -1;
    for (let i = 0; start < length; i += 1) {
      if (state === STEP.start) {
        // Most fields are without quotes: only delimiters have to be counted.
        let field = 0;
        for (; i < length; i += 1) {
          field = plain[bytes[i] as number] as number;
          if (field === NOT_PLAIN) break;
          count += field;
        }
        state = stateAfterPlain(bytes, start, i);
      }
      let end = i;
      let after = i + 1;
      let isOpen = false;
      if (i < length) {
        const step = next[(state << 3) | (kinds[bytes[i] as number] as number)] as number;
        state = step & STEP.stateMask;
        const action = step & STEP.actionMask;
        if (action === 0) {
          // Inside a field most bytes are ordinary, and change nothing.
          if (state === STEP.quoted || state === STEP.unquoted)
            while (after < length && kinds[bytes[after] as number] === 0) after += 1;
          i = after - 1;
          continue;
        }
        if (action === STEP.field) {
          count += 1;
          continue;
        }
        if (action === STEP.unusual) {
          flags |= UNUSUAL;
          continue;
        }
        if (action === STEP.misplaced) {
          flags |= MISPLACED;
          continue;
        }
        if (action === STEP.lineBreak) {
          if (firstBreak < 0) firstBreak = i;
          lineBreaks += 1;
          continue;
        }
        if (action === STEP.carriageReturn) {
          // Carriage returns are part of a line end only if a line feed follows.
          while (after < length && bytes[after] === CR) after += 1;
          if (after === length && !isLast) {
            i = length - 1;
            continue;
          }
          if (after < length && bytes[after] !== LF) {
            flags |= state === STEP.closed ? MISPLACED : UNUSUAL;
            state = STEP.unquoted;
            i = after - 1;
            continue;
          }
          after += 1;
        }
      } else {
        isOpen = state === STEP.quoted || state === STEP.escapedInQuotes;
        if (!isLast && length - start <= MAX_RECORD_BYTES) break;
        if (!isLast && !areRecords(bytes, firstBreak, start + MAX_RECORD_BYTES)) break;
        after = length;
        isCut = isLast;
      }
      if (end > start && !(count === 1 && fields > 1 && isBlank(bytes, start, end))) {
        if (!isOpen && count === fields + 1 && bytes[end - 1] === delimiter) {
          // The delimiter is after the last field, not between two.
          count = fields;
          end -= 1;
          trailing += 1;
        }
        const isMisplaced = (flags & MISPLACED) !== 0;
        let fault: RecordFault | null = flags === 0 ? null : { kind: 'unusual' };
        const isMalformed = isOpen || isMisplaced || count !== fields || end - start > MAX_RECORD_BYTES;
        const isJoined = lineBreaks > 0 && !isMalformed && joinsLines(bytes.subarray(start, end), fields, writing);
        if (isMalformed || isJoined || fault !== null) {
          const previous = starts.at(-1) ?? start;
          suspect?.(bytes, { previous, start, end: after, isLast, isMalformed, isJoined });
        }
        if (isMalformed || isJoined) {
          const isUnclosed = (isOpen || isJoined) && firstBreak >= 0;
          if (isUnclosed || areRecords(bytes, firstBreak, Math.min(end, start + MAX_RECORD_BYTES))) {
            end = bytes[firstBreak - 1] === CR ? firstBreak - 1 : firstBreak;
            after = firstBreak + 1;
            isCut = false;
            lineBreaks = 0;
            fault = lineFault(bytes.subarray(start, end));
          } else {
            fault = malformed(bytes.subarray(start, end), { isOpen, isMisplaced, count });
          }
        }
        if (fault?.kind !== 'malformed') fault = faultOfText(bytes, start, end, ascii) ?? fault;
        if (fault !== null) faults.set(starts.length, fault);
        if (lineBreaks > 0) breaks.set(starts.length, lineBreaks);
        starts.push(start);
        ends.push(end);
      }
      start = after;
      i = after - 1;
      state = STEP.start;
      count = 1;
      flags = 0;
      lineBreaks = 0;
      firstBreak = -1;
    }
    return {
      bytes,
      offset,
      used: start,
      count: starts.length,
      starts: Float64Array.from(starts),
      ends: Float64Array.from(ends),
      faults,
      breaks,
      trailing,
      isCut,
    };
  };
}

type LineFault = (line: Buffer) => RecordFault | null;

function* linesOf(bytes: Buffer, start: number, end: number, lineEnd: number): Generator<Buffer> {
  for (let from = start; from < end; ) {
    const found = bytes.indexOf(lineEnd, from);
    const to = found < 0 || found > end ? end : found;
    if (to > from) yield bytes.subarray(from, bytes[to - 1] === CR ? to - 1 : to);
    from = to + 1;
  }
}

/** Whether more than half of the next few lines that tell are records. */
function mostAre(isRecord: (line: Buffer) => boolean | null, lines: Iterable<Buffer>): boolean {
  let tried = 0;
  let records = 0;
  for (const line of lines) {
    const is = isRecord(line);
    if (is !== null) tried += 1;
    if (is === true) records += 1;
    if (tried === LINES_TRIED) break;
  }
  return 2 * records > tried;
}
