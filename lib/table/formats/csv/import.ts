/**
 * Converts CSV to Parquet, so that all other code reads one format. DuckDB's CSV reader gets only
 * records that it cannot misread: a malformed record is replaced by an empty one, which keeps the positions of the
 * rows, and is listed in a table.
 */
import { open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBAppender } from '@duckdb/node-api';
import { byteText } from '../../../numbers/text.ts';
import { type Database, execute, withConnection } from '../../database.ts';
import { DataError } from '../../errors.ts';
import type { ByteRange } from '../candidate-file.ts';
import { type Conversion, convertClean } from './convert.ts';
import type { Dialect } from './dialect.ts';
import type { FileFacts } from './facts.ts';
import { quoteRecord, splitRecord } from './fields.ts';
import type { CsvFile } from './file.ts';
import type { Reading } from './misread.ts';
import { EndlessRecordError, LONGEST_RECORD_BYTES, type RecordBlock, scanRecords } from './scan.ts';

/** A CSV file that has been converted. */
export interface ImportedCsv {
  /** Path of the Parquet file. */
  readonly parquet: string;
  readonly rows: number;
  /** Number of malformed rows. */
  readonly malformed: number;
  /** Positions of the columns that are of integers. */
  readonly integers: readonly number[];
  /** Removes the Parquet file. */
  remove(): Promise<void>;
}

/**
 * Yields the records of a file, without the header, or of a range of its bytes. `firstRow` is the position of the first
 * record, for messages.
 * @throws {DataError} `quote_not_closed` if a record does not end.
 */
export async function* csvRecords(
  file: CsvFile,
  { dialect, suspect }: Reading,
  { range = null, firstRow = 0 }: { readonly range?: ByteRange | null; readonly firstRow?: number } = {},
): AsyncGenerator<RecordBlock> {
  const bytes = file.read(range ?? { start: dialect.bodyStart, end: Number.POSITIVE_INFINITY });
  try {
    yield* scanRecords(bytes, dialect, {
      fields: dialect.header.length,
      header: dialect.header,
      ...(suspect && { suspect }),
    });
  } catch (error) {
    if (!(error instanceof EndlessRecordError)) throw error;
    throw new DataError(
      'quote_not_closed',
      `row ${firstRow + error.record} (from 0) of ${file.name} has no end within ${byteText(LONGEST_RECORD_BYTES)}: a quote is not closed, or lines do not end`,
    );
  }
}

/**
 * Converts the records of a file, or of a range of its bytes, to a temporary Parquet file, as `convertClean`. Malformed records are added to `malformedTable`. Rows are counted from `firstRow`.
 * @throws {DataError} if the file cannot be read as CSV.
 */
export async function importCsv(
  database: Database,
  file: CsvFile,
  reading: Reading,
  { range = null, firstRow, malformedTable, facts, needed }: ImportOptions,
): Promise<ImportedCsv> {
  const { dialect } = reading;
  const base = join(database.scratch, database.uniqueName('csv'));
  try {
    const counts = await withConnection(database, async (connection) => {
      const appender = await connection.createAppender(malformedTable);
      try {
        const blocks = csvRecords(file, reading, { range, firstRow });
        return await writeClean(blocks, `${base}.csv`, { dialect, appender, firstRow, ...(facts && { facts }) });
      } finally {
        appender.closeSync();
      }
    });
    const parquet = `${base}.parquet`;
    const conversion = { clean: `${base}.csv`, parquet, dialect, rows: counts.rows, name: file.name, needed };
    const { rows, integers } = await convertClean(database, conversion);
    // Values would be in other rows.
    if (rows !== counts.rows)
      throw new DataError(
        'unreadable',
        `${file.name} cannot be read as CSV: got ${rows} records, expected ${counts.rows}`,
      );
    return { parquet, ...counts, integers, remove: () => rm(parquet, { force: true }) };
  } finally {
    await rm(`${base}.csv`, { force: true });
  }
}

/** Converts a range of bytes that are clean as they are, and should have so many records, as `importCsv`. */
export async function importClean(
  database: Database,
  file: CsvFile,
  { range, ...conversion }: Pick<Conversion, 'dialect' | 'rows' | 'needed'> & { readonly range: ByteRange },
): Promise<ImportedCsv> {
  const base = join(database.scratch, database.uniqueName('csv'));
  const [clean, parquet] = [`${base}.csv`, `${base}.parquet`];
  try {
    await writeFile(clean, file.read(range));
    const converted = await convertClean(database, { ...conversion, clean, parquet, name: file.name });
    return { parquet, malformed: 0, ...converted, remove: () => rm(parquet, { force: true }) };
  } finally {
    await rm(clean, { force: true });
  }
}

/** Which records of a file are converted, and where their rows begin. */
export interface ImportOptions {
  /** @default all after the header */
  readonly range?: ByteRange | null;
  readonly firstRow: number;
  readonly malformedTable: string;
  /** Counts what is reported of the file. */
  readonly facts?: FileFacts;
  /** As `Conversion.needed`. */
  readonly needed?: readonly number[];
}

/** Creates a table for malformed records, with the columns `row`, `reason` and `value`, and returns its name. */
export async function createMalformedTable(database: Database): Promise<string> {
  const table = database.uniqueName('malformed');
  await execute(database, `CREATE TABLE ${table} ("row" BIGINT, reason VARCHAR, value VARCHAR)`);
  return table;
}

async function writeClean(
  blocks: AsyncIterable<RecordBlock>,
  path: string,
  {
    dialect,
    appender,
    firstRow,
    facts,
  }: {
    readonly dialect: Dialect;
    readonly appender: DuckDBAppender;
    readonly firstRow: number;
    readonly facts?: FileFacts;
  },
): Promise<{ rows: number; malformed: number }> {
  const { delimiter, header } = dialect;
  // An empty field alone on a line must be quoted: a blank line is not a record.
  const empty = header.length === 1 ? quoteRecord([''], dialect) : delimiter.repeat(header.length - 1);
  const placeholder = Buffer.from(`${empty}\n`);
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
      await clean.writeFile(Buffer.concat(cleanPieces(block, placeholder, dialect)));
      facts?.add(block);
      rows += block.count;
    }
  } finally {
    await clean.close();
  }
  return { rows, malformed };
}

/**
 * Returns the records of a block as DuckDB can read them, with LF line ends. Consecutive clean records are not copied.
 */
function cleanPieces(
  { bytes, count, starts, ends, faults }: RecordBlock,
  placeholder: Buffer,
  dialect: Dialect,
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
    // Not so if the line end is a carriage return, or two bytes.
    if (start !== end + 1 || bytes[end] !== LINE_END[0] || faults.has(i)) flush(end);
    end = ends[i] ?? 0;
    const fault = faults.get(i);
    if (fault === undefined) {
      if (from < 0) from = start;
    } else if (fault.kind === 'malformed') {
      pieces.push(placeholder);
    } else {
      const fields = splitRecord(bytes.toString('utf8', start, end), dialect);
      pieces.push(Buffer.from(`${quoteRecord(fields, dialect)}\n`));
    }
  }
  flush(end);
  return pieces;
}

const LINE_END = Buffer.from('\n');
