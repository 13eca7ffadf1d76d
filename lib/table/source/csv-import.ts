/**
 * CSV becomes Parquet of text columns at the door, so that everything behind it reads one format. DuckDB's reader never
 * sees a byte that it could take for something else: malformed records are replaced by empty ones, which keeps every
 * row's position, and are listed beside.
 */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { DuckDBAppender } from '@duckdb/node-api';
import { type Database, execute, literal, queryOne, withConnection } from '../database.ts';
import { DataError, firstLine } from '../errors.ts';
import type { ByteRange } from './candidate-file.ts';
import { quoteRecord, type RecordBlock, scanRecords, splitRecord, UnclosedQuoteError } from './csv-scan.ts';

/** What tells one CSV file from another. */
export interface Dialect {
  readonly delimiter: string;
  /** Names of the columns. */
  readonly header: readonly string[];
  /** Where the first record after the header begins, in bytes of the uncompressed file. */
  readonly bodyStart: number;
}

/** Text, uncompressed, and what people call it. */
export interface CsvFile {
  readonly name: string;
  /** Bytes in their order. @default all of them */
  read(range?: ByteRange): AsyncIterable<Buffer>;
}

export interface ImportedCsv {
  readonly parquet: string;
  readonly rows: number;
  readonly malformed: number;
  remove(): Promise<void>;
}

const DELIMITERS = [',', ';', '\t', '|'];
const BLOCK_BYTES = 1024 * 1024;
const LONGEST_HEADER = 1024 * 1024;

/** The text of a local file, which is compressed where its name ends in `.gz`. */
export function localCsv(path: string, name: string = path): CsvFile {
  return {
    name,
    read(range) {
      if (name.endsWith('.gz'))
        return within(unzipped(createReadStream(path, { highWaterMark: BLOCK_BYTES }), name), range);
      return createReadStream(path, {
        highWaterMark: BLOCK_BYTES,
        ...(range && { start: range.start, end: range.end - 1 }),
      });
    },
  };
}

/**
 * The bytes behind gzip.
 * @throws {DataError} where they are broken or cut off.
 */
export async function* unzipped(bytes: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const source = Readable.from(bytes, { objectMode: false, highWaterMark: BLOCK_BYTES });
  const gunzip = createGunzip({ chunkSize: BLOCK_BYTES });
  let failure: unknown = null;
  source.on('error', (error) => {
    failure = error;
    gunzip.destroy(error);
  });
  try {
    yield* source.pipe(gunzip);
  } catch (error) {
    if (failure !== null) throw failure;
    throw new DataError('unreadable', `${name} is not readable gzip: ${firstLine(error)}`, { cause: error });
  } finally {
    source.destroy();
  }
}

/** The part of a stream that lies within a range. */
export async function* within(
  blocks: AsyncIterable<Buffer>,
  { start, end }: ByteRange = { start: 0, end: Number.POSITIVE_INFINITY },
): AsyncGenerator<Buffer> {
  let position = 0;
  for await (const block of blocks) {
    const part = block.subarray(Math.max(0, start - position), Math.max(0, end - position));
    position += block.length;
    if (part.length > 0) yield part;
    if (position >= end) return;
  }
}

/** Reads the header: its delimiter is the most frequent one of comma, semicolon, tab and bar outside quotes. */
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

/** Records of a file's body, or of the byte range given. */
export async function* csvRecords(
  file: CsvFile,
  { delimiter, header, bodyStart }: Dialect,
  { range = null, firstRow = 0 }: { readonly range?: ByteRange | null; readonly firstRow?: number } = {},
): AsyncGenerator<RecordBlock> {
  const bytes = file.read(range ?? { start: bodyStart, end: Number.POSITIVE_INFINITY });
  try {
    yield* scanRecords(bytes, { delimiter, fields: header.length });
  } catch (error) {
    if (error instanceof UnclosedQuoteError) {
      throw new DataError(
        'quote_not_closed',
        `quote not closed in ${file.name}: row ${firstRow + error.record} (from 0) does not end`,
      );
    }
    throw error;
  }
}

/**
 * Writes the records as Parquet of text columns into scratch space and appends the malformed ones to `malformedTable`
 * (row, reason, value), rows counted from `firstRow`. Empty fields are NULL.
 */
export async function importCsv(
  database: Database,
  file: CsvFile,
  dialect: Dialect,
  {
    range = null,
    firstRow,
    malformedTable,
  }: {
    readonly range?: ByteRange | null;
    readonly firstRow: number;
    readonly malformedTable: string;
  },
): Promise<ImportedCsv> {
  const base = join(database.scratch, database.uniqueName('csv'));
  try {
    const counts = await withConnection(database, async (connection) => {
      const appender = await connection.createAppender(malformedTable);
      try {
        return await writeClean(
          csvRecords(file, dialect, { range, firstRow }),
          `${base}.csv`,
          dialect,
          appender,
          firstRow,
        );
      } finally {
        appender.closeSync();
      }
    });
    await convertClean(database, file, dialect, base);
    await assertSameRows(database, `${base}.parquet`, counts.rows, file.name);
    return { parquet: `${base}.parquet`, ...counts, remove: () => rm(`${base}.parquet`, { force: true }) };
  } finally {
    await rm(`${base}.csv`, { force: true });
  }
}

/** Creates the table that lists malformed records. */
export async function createMalformedTable(database: Database): Promise<string> {
  const table = database.uniqueName('malformed');
  await execute(database, `CREATE TABLE ${table} ("row" BIGINT, reason VARCHAR, value VARCHAR)`);
  return table;
}

async function writeClean(
  blocks: AsyncIterable<RecordBlock>,
  path: string,
  { delimiter, header }: Dialect,
  appender: DuckDBAppender,
  firstRow: number,
): Promise<{ rows: number; malformed: number }> {
  // A lone empty field would be a blank line, which is no record.
  const placeholder = Buffer.from(header.length === 1 ? '""\n' : `${delimiter.repeat(header.length - 1)}\n`);
  const clean = await open(path, 'w');
  let rows = 0;
  let malformed = 0;
  try {
    for await (const block of blocks) {
      for (const [index, fault] of block.faults) {
        if (fault.kind !== 'malformed') continue;
        malformed += 1;
        appender.appendBigInt(BigInt(firstRow + rows + index));
        appender.appendVarchar(fault.reason);
        appender.appendVarchar(fault.value);
        appender.endRow();
      }
      await clean.writeFile(Buffer.concat(cleanPieces(block, placeholder, delimiter)));
      rows += block.count;
    }
  } finally {
    await clean.close();
  }
  return { rows, malformed };
}

/** The block's records with LF line ends: stretches that are clean already as they are. */
function cleanPieces(
  { bytes, count, starts, ends, faults }: RecordBlock,
  placeholder: Buffer,
  delimiter: string,
): Buffer[] {
  const pieces: Buffer[] = [];
  let from = -1;
  const flush = (to: number) => {
    if (from >= 0) pieces.push(bytes.subarray(from, to), LINE_END);
    from = -1;
  };
  let end = 0;
  for (let i = 0; i < count; i += 1) {
    const start = starts[i] ?? 0;
    if (start !== end + 1 || faults.has(i)) flush(end);
    end = ends[i] ?? 0;
    const fault = faults.get(i);
    if (fault === undefined) {
      if (from < 0) from = start;
    } else if (fault.kind === 'malformed') {
      pieces.push(placeholder);
    } else {
      pieces.push(
        Buffer.from(`${quoteRecord(splitRecord(bytes.toString('utf8', start, end), delimiter), delimiter)}\n`),
      );
    }
  }
  flush(end);
  return pieces;
}

const LINE_END = Buffer.from('\n');

async function convertClean(
  database: Database,
  { name }: CsvFile,
  { delimiter, header }: Dialect,
  base: string,
): Promise<void> {
  const columns = header.map((column) => `${literal(column)}: 'VARCHAR'`).join(', ');
  const read =
    `read_csv(${literal(`${base}.csv`)}, auto_detect = false, header = false, delim = ${literal(delimiter)}, quote = '"', ` +
    `escape = '"', nullstr = '', new_line = '\\n', columns = {${columns}})`;
  // Light compression: the file is read a few times and thrown away.
  const write = `COPY (SELECT * FROM ${read}) TO ${literal(`${base}.parquet`)} (FORMAT parquet, COMPRESSION snappy)`;
  try {
    await execute(database, write);
  } catch (error) {
    const message = firstLine(error);
    // A full disk or too little memory is not the file's fault.
    if (/^(IO|Out of Memory) Error/.test(message)) throw error;
    throw new DataError('unreadable', `${name} cannot be read as CSV: ${message}`, { cause: error });
  }
}

/** Two readers must agree on what a record is, or values would land in other rows. */
async function assertSameRows(database: Database, parquet: string, expected: number, name: string): Promise<void> {
  const { rows } = await queryOne(database, `SELECT count(*) AS rows FROM read_parquet(${literal(parquet)})`);
  if (Number(rows) !== expected)
    throw new DataError('unreadable', `${name} cannot be read as CSV: got ${rows} records, expected ${expected}`);
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

/** Where the first line that is not blank begins and ends; a line end inside quotes does not count. */
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
    throw new DataError('columns_repeated', `columns repeated: ${repeated.join(', ')} (in ${name})`);
}
