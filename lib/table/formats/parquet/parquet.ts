/** Reads Parquet as logs and as candidates. Of candidates only the bytes that their rows need are fetched. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { byPosition } from '../../columns.ts';
import { type Database, execute } from '../../database.ts';
import { asDataError, DataError } from '../../errors.ts';
import { columnsOf, selectedPathColumns } from '../../path-columns.ts';
import { writePath } from '../../paths.ts';
import type { CandidateFile } from '../candidate-file.ts';
import type { Format, LogFile, OpenedFile, OpenedFiles, OpenShard, ShardOptions } from '../format.ts';
import { withMalformed } from '../relation.ts';
import { cutParquet } from './cut.ts';
import { countRowGroups, MAGIC, parquetScan, positionalScan, readParquetFacts, readRowGroups } from './file.ts';
import { fetchFooter, isSmall, rangesOfRows } from './row-groups.ts';

// A scan takes 0.1 ms for each row group of the file, even if it has none of the shard's rows, and a shard is scanned
// six times. If a file has more row groups than this, the rows of the shard are copied first.
const MANY_ROW_GROUPS = 2_000;

/** The reader of Parquet. */
export const parquet: Format = { title: 'Parquet', isText: false, assertHead, openLog, cut: cutParquet, openShard };

function assertHead(head: Buffer, name: string): void {
  const text = head.toString('latin1');
  if (text !== MAGIC)
    throw new DataError(
      'wrong_format',
      `${name} is not Parquet: it begins with ${JSON.stringify(text)}, expected "${MAGIC}"`,
    );
}

async function openLog(database: Database, found: readonly LogFile[]): Promise<OpenedFiles> {
  const files: OpenedFile[] = [];
  for (const { name, path } of found) {
    const { columns, rows } = await readParquetFacts(database, path, name);
    files.push({ path: name, parquet: path, rows, columns });
  }
  return { files, malformedTable: null, notes: [] };
}

async function openShard({ database, file, plan, shard, texts, needed }: ShardOptions): Promise<OpenShard> {
  const { name, path } = file;
  const groups = await fetchShard(database, file, { shard, needed });
  const range = `file_row_number >= ${shard.firstRow} AND file_row_number < ${shard.firstRow + shard.rows}`;
  const own = byPosition(plan.columns).filter((column) => needed.includes(column.name));
  const selected =
    ['file_row_number AS "#row"', ...own.map(({ sql }) => sql)].join(', ') + selectedPathColumns(name, plan.columns);
  const columns = columnsOf(name, plan.columns).filter(
    ({ sql, name: column }) => sql.startsWith('p') || needed.includes(column),
  );
  const rows = `SELECT ${selected} FROM ${positionalScan([path], plan.columns)} WHERE ${range}`;
  const relation = { columns, isText: false, texts, name };
  if (groups <= MANY_ROW_GROUPS)
    return { relation: { ...relation, from: withMalformed(rows, null) }, remove: async () => {} };
  const copy = join(database.scratch, `${database.uniqueName('shard')}.parquet`);
  const remove = () => rm(copy, { force: true });
  const copied = `COPY (${rows}) TO ${writePath(copy)} (FORMAT parquet)`;
  await asDataError(name, () => execute(database, copied)).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  const from = withMalformed(`SELECT * FROM ${parquetScan([copy])}`, null);
  return { relation: { ...relation, from }, remove };
}

/**
 * Fetches the needed columns of the row groups of a shard, and returns the number of row groups of the file. A small
 * file is fetched as a whole, and counts as one with a single row group.
 */
async function fetchShard(
  database: Database,
  file: CandidateFile,
  { shard, needed }: Pick<ShardOptions, 'shard' | 'needed'>,
): Promise<number> {
  if (isSmall(file)) {
    await file.fetch([{ start: 0, end: file.size }]);
    return 1;
  }
  if (file.isLocal) return countRowGroups(database, file.path);
  await fetchFooter(file);
  const groups = await readRowGroups(database, file.path, needed);
  await file.fetch(rangesOfRows(groups, shard));
  return groups.length;
}
