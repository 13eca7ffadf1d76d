/** The scores of several files as one relation: which file each row is from, its keys, and its probabilities. */
import type { Declaration } from '../../config/declaration.ts';
import { keysHashSql } from '../check/prepared-rows.ts';
import { type Column, type FileColumn, findColumn } from '../columns.ts';
import { type Database, execute, identifier, query } from '../database.ts';
import { parquetScan } from '../formats/parquet/file.ts';

/** A file of candidates that was scored, with the parts of its scores as local files. */
export interface ScoredFile {
  readonly version: string;
  /** Day of scoring in UTC. */
  readonly day: string;
  /** Epoch milliseconds from which on the scores were there. */
  readonly at: number;
  /** Parts with at least one row; all have the same columns. */
  readonly paths: readonly string[];
}

/** Scored files in a database. */
export interface ScoredRows {
  /** SQL after FROM: the columns `f` (index of the file), `k` (hash of the keys), and `p<i>` (the i-th output). */
  readonly from: string;
  /** Name of the table of the files: `f`, `since` (as `ScoredFile.at`), `day`, `version`. */
  readonly files: string;
}

/**
 * Makes one relation of scored files, whose later ones have the larger index. An output that a version does not have is
 * NULL in its rows.
 * @param files in the order of time
 * @throws {DataError} `columns_missing` where scores lack a key.
 */
export async function openScoredFiles(
  database: Database,
  files: readonly ScoredFile[],
  { declaration, outputs }: { readonly declaration: Declaration; readonly outputs: readonly string[] },
): Promise<ScoredRows> {
  const table = database.uniqueName('files');
  await execute(database, `CREATE TABLE ${table} (f INTEGER, since BIGINT, day VARCHAR, version VARCHAR)`);
  const values = files.map(({ at, day, version }, index) => `(${index}, ${at}, '${day}', '${version}')`);
  if (values.length > 0) await execute(database, `INSERT INTO ${table} VALUES ${values.join(', ')}`);
  const groups = new Map<string, { readonly columns: readonly FileColumn[]; readonly parts: [number, string][] }>();
  for (const [index, { paths }] of files.entries()) {
    const [first] = paths;
    if (first === undefined) continue;
    const columns = await columnsOf(database, first);
    const id = JSON.stringify(columns);
    const group = groups.get(id) ?? { columns, parts: [] };
    groups.set(id, group);
    for (const path of paths) group.parts.push([index, path]);
  }
  const selects = [...groups.values()].map(({ columns, parts }) => {
    const named = columns.map((column): Column => ({ ...column, sql: identifier(column.name) }));
    const relation = { from: '', columns: named, isText: false, texts: declaration.csv, name: 'the scores' };
    const indices = `[${parts.map(([index]) => index).join(', ')}][CAST(file_index AS BIGINT) + 1]`;
    const probabilities = outputs.map((output, i) => {
      const column = findColumn(relation, output);
      // Those that were written as CSV are text.
      return `CAST(${column === undefined ? 'NULL' : column.sql} AS FLOAT) AS p${i}`;
    });
    const scan = parquetScan(parts.map(([, path]) => path));
    return `SELECT ${[`${indices} AS f`, `${keysHashSql(relation, declaration.log.keys)} AS k`, ...probabilities].join(', ')} FROM ${scan}`;
  });
  const none = `SELECT ${['CAST(NULL AS INTEGER) AS f', 'CAST(NULL AS UBIGINT) AS k', ...outputs.map((_, i) => `CAST(NULL AS FLOAT) AS p${i}`)].join(', ')} WHERE false`;
  return { from: `(${(selects.length === 0 ? [none] : selects).join(' UNION ALL ')})`, files: table };
}

async function columnsOf(database: Database, path: string): Promise<FileColumn[]> {
  const rows = await query(database, `DESCRIBE SELECT * FROM ${parquetScan([path])}`);
  return rows.map(({ column_name, column_type }) => ({ name: String(column_name), type: String(column_type) }));
}
