/** Reads the header of a CSV file: the names of its columns and its delimiter. */

import { isUtf8 } from 'node:buffer';
import { listed } from '../../../numbers/text.ts';
import { DataError } from '../../errors.ts';
import type { CsvFile } from './file.ts';
import { splitRecord } from './scan.ts';

/** How a CSV file is written. */
export interface Dialect {
  readonly delimiter: string;
  /** Names of the columns. */
  readonly header: readonly string[];
  /** Position of the first byte after the header, in the uncompressed file. */
  readonly bodyStart: number;
}

const DELIMITERS = [',', ';', '\t', '|'];
const LONGEST_HEADER = 1024 * 1024;

/**
 * Reads the header of a CSV file. The delimiter is the most frequent of comma, semicolon, tab and bar outside quotes.
 * @throws {DataError} if there is no header, or it is not valid.
 */
export async function readDialect({ name, read }: CsvFile): Promise<Dialect> {
  const head = await readHead(read());
  if (head[0] === 0xff || head[0] === 0xfe) throw new DataError('wrong_format', `${name} is UTF-16, expected UTF-8`);
  const byteOrderMark = head.subarray(0, 3).equals(Buffer.from('\ufeff')) ? 3 : 0;
  const { start, end, next } = firstRecord(head, byteOrderMark, name);
  const record = head.subarray(start, end).toString('utf8');
  if (record.includes('\0') || !isUtf8(head.subarray(start, end)))
    throw new DataError('wrong_format', `${name} is not text: its first line is not UTF-8`);
  const delimiter = delimiterOf(record);
  const header = splitRecord(record, delimiter);
  assertHeader(header, name);
  return { delimiter, header, bodyStart: next };
}

async function readHead(bytes: AsyncIterable<Buffer>): Promise<Buffer> {
  const blocks: Buffer[] = [];
  let length = 0;
  for await (const block of bytes) {
    blocks.push(block);
    length += block.length;
    if (length > LONGEST_HEADER) break;
  }
  return Buffer.concat(blocks);
}

/** Returns where the first line that is not blank begins and ends. A line end inside quotes does not end it. */
function firstRecord(head: Buffer, from: number, name: string): { start: number; end: number; next: number } {
  let start = from;
  while (head[start] === 10 || head[start] === 13) start += 1;
  if (start === head.length)
    throw new DataError('empty_file', `${name} has no header, expected a line of column names`);
  let isQuoted = false;
  let next = start;
  for (; next < head.length && (isQuoted || head[next] !== 10); next += 1) if (head[next] === 34) isQuoted = !isQuoted;
  if (isQuoted) throw new DataError('quote_not_closed', `quote not closed in ${name}: the header does not end`);
  if (next === head.length && next > LONGEST_HEADER)
    throw new DataError('wrong_format', `${name} is not CSV: its first line does not end`);
  return { start, end: head[next - 1] === 13 ? next - 1 : next, next: Math.min(next + 1, head.length) };
}

function delimiterOf(record: string): string {
  const unquoted = record.replaceAll(/"[^"]*"/g, '');
  const counts = DELIMITERS.map((delimiter) => unquoted.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ',';
}

function assertHeader(header: readonly string[], name: string): void {
  const seen = new Map<string, number>();
  for (const column of header) seen.set(column.toLowerCase(), (seen.get(column.toLowerCase()) ?? 0) + 1);
  const repeated = [...new Set(header)].filter((column) => (seen.get(column.toLowerCase()) ?? 0) > 1);
  if (header.includes(''))
    throw new DataError(
      'wrong_format',
      `${name} has a column without a name: column ${header.indexOf('') + 1} of ${header.length}`,
    );
  if (repeated.length > 0)
    throw new DataError('columns_repeated', `columns repeated: ${listed(repeated)} (in ${name})`);
}
