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
export function fileFacts({ header }: Dialect): FileFacts {
  let rows = 0;
  let breaks = 0;
  let broken = 0;
  let longest = { row: 0, lines: 0 };
  let trailing = 0;
  let last: RecordFault | null = null;
  let isCut = false;
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
    if (isCut && rows > 1) found.push(`${name}: ${lastLine(last, header.length)}`);
    return found;
  }

  return { add, notes };
}

function lastLine(fault: RecordFault | null, fields: number): string {
  if (fault?.kind !== 'malformed') return 'the last line has no line end, unlike the others';
  const got = fault.reason === 'field_count' ? `${fault.value}, expected ${fields}` : fault.reason;
  return `the last line has no line end and is malformed (${got}): the file may be cut off`;
}
