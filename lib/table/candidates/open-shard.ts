/** Opens a shard as a relation: fetches what its rows need of the file, and converts CSV to Parquet of text columns. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Declaration } from '../../config/declaration.ts';
import type { Relation } from '../columns.ts';
import { type Database, execute, identifier, literal } from '../database.ts';
import type { Encoder } from '../encoder.ts';
import { asDataError, DataError } from '../errors.ts';
import type { CandidateFile } from '../source/candidate-file.ts';
import type { Dialect } from '../source/csv-dialect.ts';
import { createMalformedTable, importCsv } from '../source/csv-import.ts';
import { parquetScan, readRowGroups } from '../source/parquet-file.ts';
import { withMalformed } from '../source/source.ts';
import type { CandidatePlan, Shard } from './plan.ts';
import { fetchFooter, neededColumns, rangesOfRows } from './row-groups.ts';

// A scan takes 0.1 ms for each row group of the file, even if it has none of the shard's rows, and a shard is scanned
// six times. If a file has more row groups than this, the rows of the shard are copied first.
const MANY_ROW_GROUPS = 2_000;

/** Which shard is opened, and what is needed of it. */
export interface OpenShardOptions {
  readonly database: Database;
  /** The candidate file; if the shard has a `piece`, that piece. */
  readonly file: CandidateFile;
  readonly plan: CandidatePlan;
  readonly shard: Shard;
  readonly declaration: Pick<Declaration, 'log' | 'scoring' | 'entities'>;
  readonly encoder: Encoder;
}

/** A shard that can be read. */
export interface OpenShard {
  readonly relation: Relation;
  /** Removes the files and tables that opening created. */
  remove(): Promise<void>;
}

/**
 * Opens a shard. Its rows have their positions in the file.
 * @throws {DataError} if the file has changed since it was planned.
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
  await asDataError(name, () => execute(database, copied)).catch(async (error: unknown) => {
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
