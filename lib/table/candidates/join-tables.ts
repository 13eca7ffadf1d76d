/**
 * Features of users and items that lie in tables of their own, joined to rows that lack them.
 *
 * A key's canonical text is what is joined on, so that 7, '7' and CSV's 7 are one user. Entities lie in buckets by the
 * published hash of that text: a shard needs only the buckets of its own.
 */
import { join } from 'node:path';
import type { EntityTable, Feature } from '../../config/declaration.ts';
import { sameColumn } from '../../config/names.ts';
import { type Column, canonicalText, columnValue, findColumn, type Relation, unknownEntitySql } from '../columns.ts';
import { type Database, execute, identifier, literal, query, queryOne } from '../database.ts';
import { bucketSql } from '../hash.ts';
import { featureColumns } from '../kinds/index.ts';
import { parquetScan } from '../source/parquet-file.ts';

/** A table's rows, as many of them as a join may need. */
export interface TableRows {
  readonly entity: EntityTable;
  /** Where the table lies, for messages. */
  readonly place: string;
  /** The table's own column of keys. */
  readonly key: Column;
  /** What the rows lack and the table has. */
  readonly columns: readonly Column[];
  /** Parquet files. */
  readonly paths: readonly string[];
}

/** Name by which the canonical text of a key is joined. */
const KEY = '"#key"';
const HASH_SEED = 0;
/** A row group is written from memory, and read into it, one for each thread: of wide rows DuckDB's own 122,880 are too many. */
export const ROW_GROUP_ROWS = 16_384;
// Of half a kilobyte each they take some tens of megabytes, as do the rows of their entities.
const ROWS_AT_ONCE = 65_536;

/** SQL of the bucket that an entity lies in, from its key. */
export function entityBucketSql(key: Column, buckets: number): string {
  return bucketSql(HASH_SEED, canonicalText(columnValue(key)), buckets);
}

/** The features of an entity that read a column which its table may be asked for. */
export function tableFeatures(
  { entity }: EntityTable,
  entities: readonly EntityTable[],
  features: readonly Feature[],
): Feature[] {
  return features.filter((feature) => feature.entity === entity && askedColumns(feature, entities).length > 0);
}

/** Columns of these features that their tables may be asked for and that are not among the columns given. */
export function lackedColumns(
  features: readonly Feature[],
  entities: readonly EntityTable[],
  columns: readonly Column[],
): string[] {
  const asked = features.flatMap((feature) => askedColumns(feature, entities));
  return [...new Set(asked.filter((name) => !columns.some((column) => column.name === name)))];
}

/** Keys, and what is constant at scoring, always stay with the candidate. */
function askedColumns(feature: Feature, entities: readonly EntityTable[]): string[] {
  const isKey = (column: string) => entities.some(({ key }) => sameColumn(key, column));
  return featureColumns(feature).flatMap(({ column, atScoring }) =>
    atScoring === undefined && !isKey(column) ? column : [],
  );
}

/** The table's columns of these names. One that differs from a column of the rows in case only could not stand beside it. */
export function tableColumns(names: readonly string[], table: readonly Column[], columns: readonly Column[]): Column[] {
  return table.filter(({ name }) => names.includes(name) && !columns.some((column) => sameColumn(column.name, name)));
}

/** The buckets in which the rows' entities lie, in order. */
export async function neededBuckets(
  database: Database,
  relation: Relation,
  { key }: EntityTable,
  buckets: number,
): Promise<number[]> {
  const column = keyColumn(relation, key);
  const found = await query(
    database,
    `SELECT DISTINCT ${entityBucketSql(column, buckets)} AS bucket FROM ${relation.from} WHERE ${canonicalText(columnValue(column))} IS NOT NULL ORDER BY bucket`,
  );
  return found.map(({ bucket }) => Number(bucket));
}

/** Writes the table's rows of the relation's entities to a Parquet file, which stands for the table from then on. */
export function writeNeededRows(database: Database, relation: Relation, table: TableRows, path: string): Promise<void> {
  return writeParquet(database, neededRowsSql(relation, table), path);
}

/**
 * Writes the rows with the columns that their entities' tables have to Parquet files in `folder`, some at a time, and
 * returns the same relation over them. A join in one piece would need memory for all that it joins, and DuckDB keeps no
 * order once that does not fit, where the rows must keep theirs.
 */
export async function joinTables(
  database: Database,
  relation: Relation,
  tables: readonly TableRows[],
  folder: string,
): Promise<Relation> {
  const { first, last } = await queryOne(
    database,
    `SELECT min("#row") AS first, max("#row") AS last FROM ${relation.from}`,
  );
  const paths: string[] = [];
  for (let from = Number(first); from <= Number(last); from += ROWS_AT_ONCE) {
    const path = join(folder, `joined-${paths.length}.parquet`);
    const rows = `(SELECT * FROM ${relation.from} WHERE "#row" >= ${from} AND "#row" < ${from + ROWS_AT_ONCE})`;
    await writeParquet(database, joinSql({ ...relation, from: rows }, tables), path);
    paths.push(path);
  }
  return { ...withTables(relation, tables), from: `(SELECT * FROM ${parquetScan(paths)})` };
}

/** The relation as it is once its entities' columns are joined. */
export function withTables(
  relation: Relation,
  tables: readonly Pick<TableRows, 'entity' | 'place' | 'columns'>[],
): Relation {
  return {
    ...relation,
    columns: [...relation.columns, ...tables.flatMap(({ columns }) => columns)],
    joined: tables.map(({ entity, place }) => ({ ...entity, place })),
  };
}

function joinSql(relation: Relation, tables: readonly TableRows[]): string {
  const joins = tables.map((table, index) => {
    const { key, columns, entity } = table;
    const names = columns.map(({ name }) => `, ${identifier(name)}`).join('');
    const rows = `SELECT ${canonicalText(columnValue(key))} AS ${KEY}${names} FROM (${neededRowsSql(relation, table)})`;
    const candidate = canonicalText({
      ...columnValue(keyColumn(relation, entity.key)),
      sql: `rows.${identifier(entity.key)}`,
    });
    return `LEFT JOIN (${rows}) table${index} ON table${index}.${KEY} = ${candidate}`;
  });
  const selected = tables.flatMap(({ entity, columns }, index) => [
    ...columns.map(({ name }) => `table${index}.${identifier(name)}`),
    `table${index}.${KEY} IS NULL AS ${unknownEntitySql(entity.entity)}`,
  ]);
  return `SELECT ${['rows.*', ...selected].join(', ')} FROM ${relation.from} rows ${joins.join(' ')} ORDER BY rows."#row"`;
}

/** The table's rows of the relation's entities: only they are kept in memory, and the table streams past. */
function neededRowsSql(relation: Relation, { entity, key, columns, paths }: TableRows): string {
  const keys = `SELECT ${canonicalText(columnValue(keyColumn(relation, entity.key)))} FROM ${relation.from}`;
  const names = [key, ...columns].map(({ name }) => identifier(name)).join(', ');
  return `SELECT ${names} FROM ${parquetScan(paths)} WHERE ${canonicalText(columnValue(key))} IN (${keys})`;
}

function writeParquet(database: Database, rows: string, path: string): Promise<void> {
  const options = `FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE ${ROW_GROUP_ROWS}`;
  return execute(database, `COPY (${rows}) TO ${literal(path)} (${options})`);
}

function keyColumn(relation: Relation, key: string): Column {
  const column = findColumn(relation, key);
  if (column === undefined)
    throw new RangeError(`${relation.name} has no column ${key}, expected it to be checked before`);
  return column;
}
