/** Counts, while a CSV file is read, what its user should know: rows that are told apart, and how the file ends. */
import type { RejectReason } from '../../../contract/reject-reasons.ts';
import { countOf } from '../../../numbers/text.ts';
import type { Dialect } from './dialect.ts';
import type { RecordFault } from './faults.ts';
import type { RecordBlock } from './scan.ts';

/** Counts of a file that is read. */
export interface FileFacts {
  /** Adds the records that follow those added before. */
  add(block: RecordBlock): void;
  /** Returns what a user should know of the file, one sentence each. */
  notes(name: string): string[];
}

/** Returns empty counts. */
export function fileFacts(dialect: Dialect): FileFacts {
  const { header, escaping } = dialect;
  let rows = 0;
  let breaks = 0;
  let broken = 0;
  let longest = { row: 0, lines: 0 };
  let trailing = 0;
  let last: RecordFault | null = null;
  let isCut = false;
  let escaped = { rows: 0, first: 0 };
  const malformed = new Map<RejectReason, { rows: number; readonly first: number }>();

  function add(block: RecordBlock): void {
    for (const [index, count] of block.breaks) {
      broken += 1;
      breaks += count;
      if (count + 1 > longest.lines) longest = { row: rows + index, lines: count + 1 };
    }
    for (const [index, fault] of block.faults) {
      if (fault.kind !== 'malformed') continue;
      const before = malformed.get(fault.reason);
      malformed.set(fault.reason, { rows: (before?.rows ?? 0) + 1, first: before?.first ?? rows + index });
    }
    for (const index of keptEscapes(block, dialect)) {
      escaped = { rows: escaped.rows + 1, first: escaped.rows === 0 ? rows + index : escaped.first };
    }
    if (block.count > 0) last = block.faults.get(block.count - 1) ?? null;
    rows += block.count;
    trailing += block.trailing;
    isCut = block.isCut;
  }

  function notes(name: string): string[] {
    const found: string[] = [];
    if (broken > 0)
      found.push(
        `${name}: ${countOf(broken, 'row')} with line breaks in quotes, so that ${countOf(rows + breaks, 'line')} are ${countOf(rows, 'row')}; the longest is row ${longest.row} (from 0) with ${countOf(longest.lines, 'line')}`,
      );
    if (trailing > 0) found.push(`${name}: the delimiter at the end of ${countOf(trailing, 'row')} is left out`);
    const quotes = [malformed.get('quote_misplaced'), malformed.get('quote_not_closed')].flatMap((one) => one ?? []);
    if (quotes.length > 0) {
      const count = quotes.reduce((sum, one) => sum + one.rows, 0);
      const first = Math.min(...quotes.map((one) => one.first));
      found.push(
        `${name}: ${countOf(count, 'row')} with quotes that are misplaced or not closed, the first is row ${first} (from 0): if the file is written otherwise, declare csv.quote or csv.escape`,
      );
    }
    const undecoded = malformed.get('not_utf8');
    if (undecoded !== undefined)
      found.push(
        `${name}: ${countOf(undecoded.rows, 'row')} not in the encoding of the file, the first is row ${undecoded.first} (from 0): declare csv.encoding if it is not UTF-8`,
      );
    if (escaped.rows > 0) {
      const remedy = escaping === null ? ': declare csv.escape, and csv.quote: null if no field is in quotes' : '';
      found.push(
        `${name}: ${countOf(escaped.rows, 'row')} with backslashes before backslashes or quotes, which stay as they are although they may be escapes, the first is row ${escaped.first} (from 0)${remedy}`,
      );
    }
    if (isCut && rows > 1) found.push(`${name}: ${lastLine(last, header.length)}`);
    return found;
  }

  return { add, notes };
}

/**
 * Yields the records with a backslash before a backslash, or before a quote in a field without quotes, that is not read
 * as an escape. Doubled quotes in a record show that it has none.
 */
function* keptEscapes({ bytes, count, starts, ends, faults }: RecordBlock, dialect: Dialect): Generator<number> {
  if (dialect.escaping !== null && dialect.escapesIn === 'fields') return;
  for (let at = 0, index = 0; ; ) {
    const found = PAIRS.map((pair) => bytes.indexOf(pair, at)).filter((position) => position >= 0);
    if (found.length === 0) return;
    const first = Math.min(...found);
    while (index < count && (ends[index] ?? 0) <= first) index += 1;
    if (index === count) return;
    const [start, end] = [starts[index] ?? 0, ends[index] ?? 0];
    const record = bytes.subarray(start, end);
    const fault = faults.get(index)?.kind;
    // With escapes every record that has one in quotes is unusual, without them each with a quote outside quotes is.
    const isKept =
      dialect.escaping === null ? fault === 'unusual' || record.includes(ESCAPED_BACKSLASH) : fault === undefined;
    if (first >= start && isKept && fault !== 'malformed' && !record.includes(DOUBLED)) yield index;
    at = Math.max(end, first + 1);
  }
}

const ESCAPED_BACKSLASH = Buffer.from('\\\\');
const PAIRS = [ESCAPED_BACKSLASH, Buffer.from('\\"')];
const DOUBLED = Buffer.from('""');

function lastLine(fault: RecordFault | null, fields: number): string {
  if (fault?.kind !== 'malformed') return 'the last line has no line end, unlike the others';
  const got = fault.reason === 'field_count' ? `${fault.value}, expected ${fields}` : fault.reason;
  return `the last line has no line end and is malformed (${got}): the file may be cut off`;
}
