/** The scores of several files as one relation: which file each row is from, its keys, and its probabilities. */
import type { Declaration } from '../../config/declaration.ts';
import { keysHashSql } from '../check/prepared-rows.ts';
import { type Column, type FileColumn, findColumn } from '../columns.ts';
import { type Database, execute, identifier, query } from '../database.ts';
import { parquetScan } from '../formats/parquet/file.ts';
import { writePath } from '../paths.ts';

/** A file of candidates that was scored, with its scores as `writeKeyed` writes them. */
export interface ScoredFile {
  readonly version: string;
  /** Day of scoring in UTC. */
  readonly day: string;
  /** Epoch milliseconds from which on the scores were there. */
  readonly at: number;
  readonly rows: number;
  readonly path: string;
}

/** What is read of scores: the keys of a declaration, and outputs by name. */
export interface ReadScores {
  readonly declaration: Declaration;
  readonly outputs: readonly string[];
}

/** Scored files in a database. */
export interface ScoredRows {
  /** SQL after FROM: the columns `f` (index of the file), `k` (hash of the keys), and `p<i>` (the i-th output). */
  readonly from: string;
  /** Name of the table of the files: `f`, `since` (as `ScoredFile.at`), `day`, `version`, `v` (a number of the version). */
  readonly files: string;
  readonly rows: number;
  /** Different versions. */
  readonly versions: number;
}

/**
 * Writes the scores of a file as `k` and `p<i>`, so that their keys are hashed once, however many days they are joined
 * with. An output that the version does not have is NULL.
 * @param scores key of the candidate file for messages, and parts with at least one row, which all have the same columns
 * @throws {DataError} `columns_missing` where scores lack a key.
 */
export async function writeKeyed(
  database: Database,
  { key, paths }: { readonly key: string; readonly paths: readonly string[] },
  { declaration, outputs }: ReadScores,
  to: string,
): Promise<void> {
  const [first = ''] = paths;
  const columns = (await columnsOf(database, first)).map(
    (column): Column => ({ ...column, sql: identifier(column.name) }),
  );
  const relation = { from: '', columns, isText: false, texts: declaration.csv, name: `the scores of ${key}` };
  const probabilities = outputs.map((output, index) => {
    const column = findColumn(relation, output);
    // Those that were written as CSV are text.
    return `CAST(${column === undefined ? 'NULL' : column.sql} AS FLOAT) AS p${index}`;
  });
  const selected = [`${keysHashSql(relation, declaration.log.keys)} AS k`, ...probabilities].join(', ');
  await execute(
    database,
    `COPY (SELECT ${selected} FROM ${parquetScan(paths)}) TO ${writePath(to)}
     (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
  );
}

/** Makes one relation of scored files, whose later ones have the larger index. @param files in the order of time */
export async function openScoredFiles(
  database: Database,
  files: readonly ScoredFile[],
  outputs: readonly string[],
): Promise<ScoredRows> {
  const table = database.uniqueName('files');
  await execute(database, `CREATE TABLE ${table} (f INTEGER, since BIGINT, day VARCHAR, version VARCHAR, v INTEGER)`);
  const versions = [...new Set(files.map(({ version }) => version))];
  const values = files.map(
    ({ at, day, version }, index) => `(${index}, ${at}, '${day}', '${version}', ${versions.indexOf(version)})`,
  );
  if (values.length > 0) await execute(database, `INSERT INTO ${table} VALUES ${values.join(', ')}`);
  const columns = outputs.map((_, index) => `p${index}`);
  const none = [
    'CAST(NULL AS INTEGER) AS f',
    'CAST(NULL AS UBIGINT) AS k',
    ...columns.map((name) => `CAST(NULL AS FLOAT) AS ${name}`),
  ];
  const select =
    files.length === 0
      ? `SELECT ${none.join(', ')} WHERE false`
      : `SELECT ${['CAST(file_index AS INTEGER) AS f', 'k', ...columns].join(', ')} FROM ${parquetScan(files.map(({ path }) => path))}`;
  const rows = files.reduce((sum, one) => sum + one.rows, 0);
  return { from: `(${select})`, files: table, rows, versions: versions.length };
}

async function columnsOf(database: Database, path: string): Promise<FileColumn[]> {
  const rows = await query(database, `DESCRIBE SELECT * FROM ${parquetScan([path])}`);
  return rows.map(({ column_name, column_type }) => ({ name: String(column_name), type: String(column_type) }));
}
