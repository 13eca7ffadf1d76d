/**
 * CSV becomes Parquet of text columns at the door, so that everything behind it reads one format. DuckDB's reader never
 * sees a byte that it could take for something else: malformed records are replaced by empty ones, which keeps every
 * row's position, and are listed beside.
 */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBAppender } from '@duckdb/node-api';
import { type Database, execute, literal, queryOne, withConnection } from '../database.ts';
import { DataError, firstLine } from '../errors.ts';
import type { ByteRange } from './candidate-file.ts';
import type { Dialect } from './csv-dialect.ts';
import type { CsvFile } from './csv-file.ts';
import { quoteRecord, type RecordBlock, scanRecords, splitRecord, UnclosedQuoteError } from './csv-scan.ts';

export interface ImportedCsv {
  readonly parquet: string;
  readonly rows: number;
  readonly malformed: number;
  remove(): Promise<void>;
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
