/** Checks the feature tables that people provide, and divides them into buckets by the hash of the entity's key. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Declaration, EntityTable } from '../../config/declaration.ts';
import { countOf } from '../../numbers/text.ts';
import { countRejects, describeReject } from '../check/acceptable.ts';
import { candidateChecks, entityKeyChecks, failedRows, writeRejects } from '../check/check-rows.ts';
import { checkTableColumns, requiredValue, tableColumnNames } from '../check/required-columns.ts';
import { type Column, columnValue, findColumn, type Relation } from '../columns.ts';
import { type Database, execute, identifier, query, queryOne } from '../database.ts';
import { asDataError, DataError } from '../errors.ts';
import { parquetScan } from '../formats/parquet/file.ts';
import { writePath } from '../paths.ts';
import type { RowCheck } from '../row-check.ts';
import { openSource } from '../source/source.ts';
import { canonicalText } from '../values/canonical.ts';
import { entityBucketSql, ROW_GROUP_ROWS, tableFeatures } from './join-tables.ts';

/** A feature table, one row for each entity, that has been checked. */
export interface CheckedTable {
  readonly entity: EntityTable['entity'];
  readonly key: Column;
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly relation: Relation;
}

/** A file with the rows of a bucket, in the order of their keys' texts. Buckets without rows have no file. */
export interface BucketFile {
  readonly bucket: number;
  readonly path: string;
  readonly rows: number;
}

const EXAMPLES = 3;

/**
 * Opens and checks the feature table of an entity: a file, folder or glob of Parquet or CSV with one row for each key.
 * A relative path starts from `cwd`.
 * @throws {DataError} naming every column that is missing or of a wrong type, or every kind of bad row (without a key,
 * or with a value that scoring would reject) and repeated keys, with examples.
 */
export async function checkEntityTable(
  database: Database,
  path: string,
  entity: EntityTable,
  declaration: Declaration,
  cwd = '.',
): Promise<CheckedTable> {
  const features = tableFeatures(entity, declaration.entities, declaration.features);
  const needed = tableColumnNames(entity, features);
  const { relation, columns, rows } = await openSource(database, path, { cwd, csv: declaration.csv, needed });
  checkTableColumns(relation, entity, features);
  const problems = await asDataError(path, async () => [
    ...(await badRows(database, relation, [
      ...candidateChecks(relation, { ...declaration, features, log: { ...declaration.log, keys: [entity.key] } }),
      ...entityKeyChecks(relation, entity.key),
    ])),
    ...(await repeatedKeys(database, relation, entity)),
  ]);
  if (problems.length > 0)
    throw new DataError(
      'table_rows',
      `table rows cannot be used: ${problems.join('; ')} (rows count from 0, in ${path})`,
    );
  const key = findColumn({ columns, name: path }, entity.key);
  if (key === undefined) throw new RangeError(`${path} has no column ${entity.key}, expected it to be checked before`);
  return { entity: entity.entity, key, columns, rows, relation };
}

/**
 * Writes the buckets of a table into `folder` and yields them one by one. A file is removed before the next is written.
 */
export async function* writeBuckets(
  database: Database,
  { key, columns, relation }: CheckedTable,
  buckets: number,
  folder: string,
): AsyncGenerator<BucketFile> {
  const named = columns.map(({ name, sql }, index) => `${sql} AS ${identifier(name || `column${index}`)}`).join(', ');
  const partitions = join(folder, 'partitions');
  const text = canonicalText(columnValue(key, relation.texts));
  const cut = `SELECT ${columns.map(({ sql }) => sql).join(', ')}, ${entityBucketSql(text, buckets)} AS "#bucket" FROM ${relation.from}`;
  await execute(
    database,
    `COPY (${cut}) TO ${writePath(partitions)} (FORMAT parquet, COMPRESSION snappy, PARTITION_BY ("#bucket"))`,
  );
  for (const { bucket, partition } of await partitionsIn(partitions)) {
    const files = (await readdir(partition)).sort().map((name) => join(partition, name));
    const path = join(folder, 'bucket.parquet');
    const rows = `SELECT ${named} FROM ${parquetScan(files)} ORDER BY ${text}`;
    const options = `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP_ROWS}`;
    await execute(database, `COPY (${rows}) TO ${writePath(path)} (${options})`);
    await rm(partition, { recursive: true });
    const counted = await queryOne(database, `SELECT count(*) AS rows FROM ${parquetScan([path])}`);
    yield { bucket, path, rows: Number(counted.rows) };
    await rm(path);
  }
}

async function badRows(database: Database, relation: Relation, checks: readonly RowCheck[]): Promise<string[]> {
  const path = join(database.scratch, database.uniqueName('rejects.parquet'));
  await writeRejects(database, failedRows(relation, checks), checks, path);
  try {
    return (await countRejects(database, path)).map((reject) => describeReject(reject, checks));
  } finally {
    await rm(path);
  }
}

async function repeatedKeys(database: Database, relation: Relation, { key }: EntityTable): Promise<string[]> {
  const text = canonicalText(requiredValue(relation, key));
  const repeated = await query(
    database,
    `SELECT *, count(*) OVER () AS keys FROM (
      SELECT ${text} AS text, count(*) AS rows, min("#row") AS first, max("#row") AS last
      FROM ${relation.from} WHERE ${text} IS NOT NULL GROUP BY text HAVING count(*) > 1
    ) ORDER BY first LIMIT ${EXAMPLES}`,
  );
  const [first] = repeated;
  if (first === undefined) return [];
  const examples = repeated.map(
    ({ text, rows, first, last }) =>
      `${JSON.stringify(text)} ${rows === 2n ? `in rows ${first} and ${last}` : `${rows} times from row ${first} to ${last}`}`,
  );
  return [`${key} is repeated: ${countOf(Number(first.keys), 'key')}, ${examples.join(', ')}`];
}

/** Returns the folders that DuckDB wrote, named `<column>=<value>`, in the order of the buckets. */
async function partitionsIn(folder: string): Promise<{ readonly bucket: number; readonly partition: string }[]> {
  const names = await readdir(folder);
  return names
    .map((name) => ({ bucket: Number(name.slice(name.lastIndexOf('=') + 1)), partition: join(folder, name) }))
    .sort((a, b) => a.bucket - b.bucket);
}
