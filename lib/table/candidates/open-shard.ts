/** The rows of one shard, as a relation: what they need of the file is fetched, CSV becomes Parquet of text. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Declaration } from '../../config/declaration.ts';
import type { Relation } from '../columns.ts';
import { type Database, execute, identifier, literal } from '../database.ts';
import type { Encoder } from '../encoder.ts';
import { blamingContent, DataError } from '../errors.ts';
import type { CandidateFile } from '../source/candidate-file.ts';
import type { Dialect } from '../source/csv-dialect.ts';
import { createMalformedTable, importCsv } from '../source/csv-import.ts';
import { parquetScan, readRowGroups } from '../source/parquet-file.ts';
import { withMalformed } from '../source/source.ts';
import type { CandidatePlan, Shard } from './plan.ts';
import { fetchFooter, neededColumns, rangesOfRows } from './row-groups.ts';

// A scan looks at each row group of a file, 0.1 ms for one that has none of the shard's rows, and a shard is scanned six
// times: of a file with more than these the shard's rows are copied first.
const MANY_ROW_GROUPS = 2_000;

export interface OpenShardOptions {
  readonly database: Database;
  /** The candidate file; of a shard with a `piece`, that piece. */
  readonly file: CandidateFile;
  readonly plan: CandidatePlan;
  readonly shard: Shard;
  readonly declaration: Pick<Declaration, 'log' | 'scoring' | 'entities'>;
  readonly encoder: Encoder;
}

export interface OpenShard {
  readonly relation: Relation;
  /** Removes what opening has left on disk and in the database. */
  remove(): Promise<void>;
}

/**
 * Makes a shard's rows readable, numbered as in the file.
 * @throws {DataError} where the file is not as it was planned.
 */
export function openShard(options: OpenShardOptions): Promise<OpenShard> {
  const { dialect } = options.plan;
  return dialect === null ? openParquetShard(options) : openCsvShard(options, dialect);
}

async function openParquetShard({
  database,
  file,
  plan,
  shard,
  declaration,
  encoder,
}: OpenShardOptions): Promise<OpenShard> {
  const { name, path } = file;
  await fetchFooter(file);
  const needed = neededColumns(plan.columns, declaration, encoder);
  const groups = await readRowGroups(database, path, needed);
  await file.fetch(rangesOfRows(groups, shard));
  const range = `file_row_number >= ${shard.firstRow} AND file_row_number < ${shard.firstRow + shard.rows}`;
  const rowsOf = (columns: string) =>
    `SELECT file_row_number AS "#row", ${columns} FROM ${parquetScan([path])} WHERE ${range}`;
  const relation = { columns: plan.columns, isText: false, name };
  if (groups.length <= MANY_ROW_GROUPS)
    return { relation: { ...relation, from: withMalformed(rowsOf('*'), null) }, remove: async () => {} };
  const copy = join(database.scratch, `${database.uniqueName('shard')}.parquet`);
  const remove = () => rm(copy, { force: true });
  const copied = `COPY (${rowsOf(needed.map(identifier).join(', '))}) TO ${literal(copy)} (FORMAT parquet)`;
  await blamingContent(name, () => execute(database, copied)).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  const columns = plan.columns.filter((column) => needed.includes(column.name));
  const from = withMalformed(`SELECT * FROM ${parquetScan([copy])}`, null);
  return { relation: { ...relation, columns, from }, remove };
}

async function openCsvShard({ database, file, plan, shard }: OpenShardOptions, dialect: Dialect): Promise<OpenShard> {
  const { name } = file;
  const malformedTable = await createMalformedTable(database);
  const { parquet, rows, remove } = await importCsv(database, file, dialect, {
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
    relation: { from: withMalformed(numbered, malformedTable), columns: plan.columns, isText: true, name },
    async remove() {
      await execute(database, `DROP TABLE ${malformedTable}`);
      await remove();
    },
  };
}
