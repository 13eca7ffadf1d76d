/** Converts JSON lines to Parquet of texts: what is read of CSV, from the texts on, is read the same way. */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, withConnection } from '../../database.ts';
import { DataError } from '../../errors.ts';
import { convertClean } from '../csv/convert.ts';
import type { Dialect } from '../csv/dialect.ts';
import { quoteRecord } from '../csv/fields.ts';
import { type JsonRecord, linesOf, recordOf } from './lines.ts';

/** The lines that are converted, and to which columns. */
export interface JsonImport {
  readonly lines: AsyncIterable<Buffer>;
  readonly name: string;
  /** Keys of the columns, which are `c0`, `c1` and so on. */
  readonly columns: readonly string[];
  /** Position of the first row. */
  readonly firstRow: number;
  readonly malformedTable: string;
}

/** A file that has been converted. */
export interface ImportedJson {
  readonly parquet: string;
  readonly rows: number;
  readonly malformed: number;
}

const WRITTEN_BYTES = 2 ** 20;

/** Converts lines to a temporary Parquet file. A line without an object is a row without values, and is listed. */
export async function importJson(database: Database, options: JsonImport): Promise<ImportedJson> {
  const base = join(database.scratch, database.uniqueName('json'));
  const [clean, parquet] = [`${base}.csv`, `${base}.parquet`];
  const header = options.columns.length === 0 ? [''] : options.columns;
  const dialect: Dialect = {
    delimiter: ',',
    quote: '"',
    escaping: null,
    escapesIn: 'quotes',
    lineEnd: 'lf',
    header,
    bodyStart: 0,
  };
  try {
    const file = await open(clean, 'w');
    const counts = await writeRecords(database, file, dialect, options).finally(() => file.close());
    const { rows } = await convertClean(database, { clean, parquet, dialect, rows: counts.rows, name: options.name });
    if (rows !== counts.rows)
      throw new DataError('unreadable', `${options.name} cannot be read: got ${rows} rows, expected ${counts.rows}`);
    return { parquet, ...counts };
  } finally {
    await rm(clean, { force: true });
  }
}

async function writeRecords(
  database: Database,
  file: FileHandle,
  dialect: Dialect,
  { lines, name, firstRow, malformedTable }: JsonImport,
): Promise<{ rows: number; malformed: number }> {
  return withConnection(database, async (connection) => {
    const appender = await connection.createAppender(malformedTable);
    let [rows, malformed, text] = [0, 0, ''];
    for await (const line of linesOf(lines, name)) {
      const record = recordOf(line);
      if ('reason' in record) {
        malformed += 1;
        appender.appendBigInt(BigInt(firstRow + rows));
        appender.appendVarchar(record.reason);
        appender.appendVarchar(record.value);
        appender.endRow();
      }
      rows += 1;
      text += `${quoteRecord(fieldsOf(record, dialect.header), dialect)}\n`;
      if (text.length > WRITTEN_BYTES) {
        await file.writeFile(text);
        text = '';
      }
    }
    await file.writeFile(text);
    appender.closeSync();
    return { rows, malformed };
  });
}

function fieldsOf(record: JsonRecord, keys: readonly string[]): string[] {
  return keys.map((key) => ('values' in record ? (record.values.get(key)?.text ?? '') : ''));
}
