/** Reads CSV, plain or in gzip, as logs and as candidates. It is converted to Parquet of text columns. */
import { byPosition } from '../../columns.ts';
import { type Database, execute } from '../../database.ts';
import { DataError } from '../../errors.ts';
import type { Format, LogFile, OpenedFiles, OpenShard, ShardOptions } from '../format.ts';
import { MAGIC, parquetScan } from '../parquet/file.ts';
import { assertSameColumns, type FileColumns, type SourceFile, withMalformed } from '../relation.ts';
import { cutCsv } from './cut.ts';
import { readDialect } from './dialect.ts';
import { localCsv } from './file.ts';
import { createMalformedTable, importCsv } from './import.ts';

/** The reader of CSV. */
export const csv: Format = { title: 'CSV', isText: true, assertHead, openLog, cut: cutCsv, openShard };

function assertHead(head: Buffer, name: string): void {
  if (head.toString('latin1') === MAGIC)
    throw new DataError('wrong_format', `${name} is a Parquet file, expected CSV by its name`);
}

async function openLog(database: Database, found: readonly LogFile[]): Promise<OpenedFiles> {
  const malformedTable = await createMalformedTable(database);
  const files: SourceFile[] = [];
  let first: FileColumns | null = null;
  let firstRow = 0;
  let malformed = 0;
  for (const { name, path } of found) {
    const file = localCsv(path, name);
    const dialect = await readDialect(file);
    const columns = dialect.header.map((column) => ({ name: column, type: 'VARCHAR' }));
    first ??= { name, columns };
    assertSameColumns(first, { name, columns });
    const imported = await importCsv(database, file, dialect, { firstRow, malformedTable });
    files.push({ path: name, parquet: imported.parquet, rows: imported.rows });
    firstRow += imported.rows;
    malformed += imported.malformed;
  }
  return { files, columns: first?.columns ?? [], malformedTable: malformed === 0 ? null : malformedTable };
}

async function openShard({ database, file, plan, shard, texts }: ShardOptions): Promise<OpenShard> {
  const { name } = file;
  if (plan.dialect === null) throw new RangeError(`the plan of ${name} has no dialect, expected one of a CSV file`);
  const malformedTable = await createMalformedTable(database);
  const { parquet, rows, remove } = await importCsv(database, file, plan.dialect, {
    range: shard.bytes ?? { start: 0, end: file.size },
    firstRow: shard.firstRow,
    malformedTable,
  });
  if (rows !== shard.rows)
    throw new DataError(
      'unreadable',
      `${name} changed since it was planned: shard ${shard.index} has ${rows} rows, expected ${shard.rows}`,
    );
  const numbered = `SELECT file_row_number + ${shard.firstRow} AS "#row", * FROM ${parquetScan([parquet])}`;
  return {
    relation: {
      from: withMalformed(numbered, malformedTable),
      columns: byPosition(plan.columns),
      isText: true,
      texts,
      name,
    },
    async remove() {
      await execute(database, `DROP TABLE ${malformedTable}`);
      await remove();
    },
  };
}
