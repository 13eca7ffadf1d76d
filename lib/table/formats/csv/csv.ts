/** Reads CSV, plain or in gzip, as logs and as candidates. It is converted to Parquet. */
import type { Column } from '../../columns.ts';
import { type Database, execute } from '../../database.ts';
import { DataError } from '../../errors.ts';
import { columnsOf, selectedPathColumns } from '../../path-columns.ts';
import { convertEach } from '../convert-each.ts';
import type { Format, LogFile, OpenedFile, OpenedFiles, OpenFilesOptions, OpenShard, ShardOptions } from '../format.ts';
import { MAGIC, parquetScan } from '../parquet/file.ts';
import { withMalformed } from '../relation.ts';
import { cutCsv } from './cut.ts';
import { fileFacts } from './facts.ts';
import { type CsvFile, openText } from './file.ts';
import { createMalformedTable, importClean, importCsv } from './import.ts';
import { readSettled } from './misread.ts';

/** The reader of CSV. */
export const csv: Format = { title: 'CSV', isText: true, assertHead, openLog, cut: cutCsv, openShard };

/** First bytes of files that are often named as CSV, and are not. */
const OTHERS: readonly (readonly [start: string, title: string, remedy: string])[] = [
  [MAGIC, 'a Parquet file', 'end it in .parquet'],
  ['PK\x03\x04', 'a zip archive or an Excel workbook', 'unpack it, or save it as CSV'],
  ['(\xb5/\xfd', 'compressed by zstd', 'unpack it, or compress it by gzip'],
  ['BZh', 'compressed by bzip2', 'unpack it, or compress it by gzip'],
  ['\xfd7zX', 'compressed by xz', 'unpack it, or compress it by gzip'],
  ['\x04"M\x18', 'compressed by lz4', 'unpack it, or compress it by gzip'],
  ['\xd0\xcf\x11\xe0', 'an Excel workbook', 'save it as CSV'],
];

function assertHead(head: Buffer, name: string): void {
  const found = OTHERS.find(([start]) => head.toString('latin1').startsWith(start));
  if (found === undefined) return;
  const [, title, remedy] = found;
  throw new DataError('wrong_format', `${name} is ${title}, expected CSV by its name: ${remedy}`);
}

async function openLog(
  database: Database,
  found: readonly LogFile[],
  { csv: choice, firstRow: begin, run }: OpenFilesOptions,
): Promise<OpenedFiles> {
  const malformedTable = await createMalformedTable(database);
  const files: OpenedFile[] = [];
  const notes: string[] = [];
  let firstRow = begin;
  let malformed = 0;
  const convert = async (file: CsvFile) => {
    const { name } = file;
    const text = await openText(file, choice);
    const read = await readSettled(text, choice, async (reading) => {
      // A file that is read again begins without malformed records.
      await execute(database, `DELETE FROM ${malformedTable} WHERE "row" >= ${firstRow}`);
      const facts = fileFacts(reading.dialect);
      return { facts, ...(await importCsv(database, text, reading, { firstRow, malformedTable, facts })) };
    });
    const { dialect, result: imported } = read;
    notes.push(...text.notes, ...read.notes, ...imported.facts.notes(name));
    const columns = dialect.header.map((column) => ({ name: column, type: 'VARCHAR' }));
    files.push({ path: name, parquet: imported.parquet, rows: imported.rows, columns });
    firstRow += imported.rows;
    malformed += imported.malformed;
  };
  await convertEach(database, found, { run, readings: 1, convert });
  return { files, malformedTable: malformed === 0 ? null : malformedTable, notes };
}

async function openShard({ database, file, plan, shard, texts, ...options }: ShardOptions): Promise<OpenShard> {
  const { name } = file;
  if (plan.dialect === null) throw new RangeError(`the plan of ${name} has no dialect, expected one of a CSV file`);
  const { dialect } = plan;
  const range = shard.bytes ?? { start: 0, end: file.size };
  const malformedTable = await createMalformedTable(database);
  const needed = plan.columns.flatMap((column, index) => (options.needed.includes(column.name) ? [index] : []));
  const imported = shard.isClean
    ? await importClean(database, file, { range, rows: shard.rows, dialect, needed })
    : await importCsv(database, file, { dialect }, { range, firstRow: shard.firstRow, malformedTable, needed });
  const { parquet, rows, malformed } = imported;
  if (rows !== shard.rows)
    throw new DataError(
      'unreadable',
      `${name} changed since it was planned: shard ${shard.index} has ${rows} rows, expected ${shard.rows}`,
    );
  const own = readAgain(columnsOf(name, plan.columns), imported.integers);
  const numbered = `SELECT file_row_number + ${shard.firstRow} AS "#row", ${own.selected}${selectedPathColumns(name, plan.columns)} FROM ${parquetScan([parquet])}`;
  return {
    relation: {
      from: withMalformed(numbered, malformed === 0 ? null : malformedTable),
      columns: own.columns,
      isText: true,
      texts,
      name,
    },
    async remove() {
      await execute(database, `DROP TABLE ${malformedTable}`);
      await imported.remove();
    },
  };
}

/** The columns of a converted file, those of integers both as texts, like the others, and as integers. */
function readAgain(
  columns: readonly Column[],
  integers: readonly number[],
): { readonly selected: string; readonly columns: readonly Column[] } {
  const texts = integers.map((index) => `CAST(c${index} AS VARCHAR) AS c${index}`);
  const numbers = integers.map((index) => `c${index} AS i${index}`);
  return {
    selected: texts.length === 0 ? '*' : `* REPLACE (${texts.join(', ')}), ${numbers.join(', ')}`,
    columns: columns.map((column, index) => (integers.includes(index) ? { ...column, integer: `i${index}` } : column)),
  };
}
