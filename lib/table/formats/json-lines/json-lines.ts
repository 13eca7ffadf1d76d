/** Reads JSON lines, plain or in gzip, as logs and as candidates: one object on each line, whose keys are columns. */
import { rm } from 'node:fs/promises';
import { type Database, execute } from '../../database.ts';
import { DataError } from '../../errors.ts';
import { columnsOf, selectedPathColumns } from '../../path-columns.ts';
import { convertEach } from '../convert-each.ts';
import { type CsvFile, openText } from '../csv/file.ts';
import { createMalformedTable } from '../csv/import.ts';
import type { Format, LogFile, OpenedFile, OpenedFiles, OpenFilesOptions, OpenShard, ShardOptions } from '../format.ts';
import { MAGIC, parquetScan } from '../parquet/file.ts';
import { withMalformed } from '../relation.ts';
import { cutJsonLines } from './cut.ts';
import { JsonFacts } from './facts.ts';
import { importJson } from './import.ts';
import { linesOf, recordOf } from './lines.ts';

/** The reader of JSON lines. Every value is a text: it is exact, as a number of JSON need not be one of any type. */
export const json: Format = { title: 'JSON lines', isText: true, assertHead, openLog, cut: cutJsonLines, openShard };

function assertHead(head: Buffer, name: string): void {
  const text = head.toString('latin1');
  if (text.startsWith(MAGIC))
    throw new DataError(
      'wrong_format',
      `${name} is a Parquet file, expected JSON lines by its name: end it in .parquet`,
    );
  if (text.trimStart().startsWith('['))
    throw new DataError(
      'wrong_format',
      `${name} is a list of JSON, expected one object on each line: jq -c '.[]' writes them`,
    );
}

async function openLog(
  database: Database,
  found: readonly LogFile[],
  { firstRow: begin, run }: OpenFilesOptions,
): Promise<OpenedFiles> {
  const malformedTable = await createMalformedTable(database);
  const files: OpenedFile[] = [];
  const notes: string[] = [];
  let [firstRow, malformed] = [begin, 0];
  const convert = async (file: CsvFile) => {
    const { name } = file;
    const text = await openText(file, {});
    const facts = new JsonFacts();
    for await (const line of linesOf(text.read(), name)) facts.add(line, recordOf(line));
    const columns = facts.columns(name);
    const imported = await importJson(database, {
      lines: text.read(),
      name,
      columns: columns.map((column) => column.name),
      firstRow,
      malformedTable,
    });
    notes.push(...text.notes, ...facts.notes(name));
    files.push({ path: name, parquet: imported.parquet, rows: imported.rows, columns });
    firstRow += imported.rows;
    malformed += imported.malformed;
  };
  await convertEach(database, found, { run, readings: 2, convert });
  return { files, malformedTable: malformed === 0 ? null : malformedTable, notes };
}

async function openShard({ database, file, plan, shard, texts, ...options }: ShardOptions): Promise<OpenShard> {
  const { name } = file;
  const malformedTable = await createMalformedTable(database);
  const needed = plan.columns.flatMap((column, index) => (options.needed.includes(column.name) ? [index] : []));
  const imported = await importJson(database, {
    lines: file.read(shard.bytes ?? { start: 0, end: file.size }),
    name,
    columns: needed.map((index) => plan.columns[index]?.name ?? ''),
    firstRow: shard.firstRow,
    malformedTable,
  });
  if (imported.rows !== shard.rows)
    throw new DataError(
      'unreadable',
      `${name} changed since it was planned: shard ${shard.index} has ${imported.rows} rows, expected ${shard.rows}`,
    );
  const selected = needed.map((index, position) => `, c${position} AS c${index}`).join('');
  const numbered = `SELECT file_row_number + ${shard.firstRow} AS "#row"${selected}${selectedPathColumns(name, plan.columns)} FROM ${parquetScan([imported.parquet])}`;
  const isRead = (sql: string) => sql.startsWith('p') || needed.some((index) => sql === `c${index}`);
  return {
    relation: {
      from: withMalformed(numbered, imported.malformed === 0 ? null : malformedTable),
      columns: columnsOf(name, plan.columns).filter(({ sql }) => isRead(sql)),
      isText: true,
      // The numbers of JSON have points.
      texts: { ...texts, decimal: '.' },
      name,
    },
    async remove() {
      await execute(database, `DROP TABLE ${malformedTable}`);
      await rm(imported.parquet, { force: true });
    },
  };
}
