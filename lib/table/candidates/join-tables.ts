/**
 * Joins the features of users and items from feature tables to rows that lack them.
 *
 * Keys are compared by their canonical texts, so that the number 7, the text '7' and a 7 in CSV are the same user. The
 * published hash of that text chooses the bucket of an entity, so that a shard fetches only the buckets that it needs.
 */
import { join } from 'node:path';
import type { EntityTable, Feature } from '../../config/declaration.ts';
import { sameColumn } from '../../config/names.ts';
import { type Column, columnValue, type FileColumn, findColumn, type Relation, unknownEntitySql } from '../columns.ts';
import { type Database, execute, query, queryOne } from '../database.ts';
import { parquetScan } from '../formats/parquet/file.ts';
import { bucketSql } from '../hash.ts';
import { featureColumns } from '../kinds/index.ts';
import { writePath } from '../paths.ts';
import { canonicalText } from '../values/canonical.ts';

/** The rows of a feature table, or those of them that a join needs. */
export interface TableRows {
  readonly entity: EntityTable;
  /** Location of the table, for messages. */
  readonly place: string;
  /** The table's column of keys. */
  readonly key: Column;
  /** The table's columns that are joined, which the rows lack. */
  readonly columns: readonly Column[];
  /** SQL after FROM that reads the table. */
  readonly from: string;
}

/** Name of the column with the canonical text of a key, on which tables are joined. */
const KEY = '"#key"';
const HASH_SEED = 0;
/**
 * Rows of a row group. Each thread has a whole row group in memory while it reads or writes; DuckDB's default of
 * 122,880 wide rows would be too much.
 */
export const ROW_GROUP_ROWS = 16_384;
/** Rows that are joined at once: at half a kilobyte each, some tens of megabytes, and the same for their entities. */
const ROWS_AT_ONCE = 65_536;

/** Returns the SQL of the bucket of an entity, from the canonical text of its key. */
export function entityBucketSql(key: string, buckets: number): string {
  return bucketSql(HASH_SEED, key, buckets);
}

/** Returns the features of an entity that read a column which its table can provide. */
export function tableFeatures(
  { entity }: EntityTable,
  entities: readonly EntityTable[],
  features: readonly Feature[],
): Feature[] {
  // A cross of the context joins columns of candidates and of any table: the context's own need not have them.
  const isOwn = (feature: Feature) =>
    feature.entity === entity &&
    !(entity === 'context' && feature.type === 'cross') &&
    askedColumns(feature, entities).length > 0;
  return features.filter(isOwn);
}

/**
 * Returns the columns that tables can provide and that are not among `columns`, each once: of these features, and those
 * that scores are computed from.
 */
export function lackedColumns(
  features: readonly Feature[],
  entities: readonly EntityTable[],
  columns: readonly FileColumn[],
  scored: readonly string[] = [],
): string[] {
  const asked = [...features.flatMap((feature) => askedColumns(feature, entities)), ...scored];
  return [...new Set(asked.filter((name) => findColumn({ columns, name: 'the candidates' }, name) === undefined))];
}

/** Returns the columns of a feature that a table can provide: all but keys and columns with a value for scoring. */
function askedColumns(feature: Feature, entities: readonly EntityTable[]): string[] {
  const isKey = (column: string) => entities.some(({ key }) => sameColumn(key, column));
  return featureColumns(feature).flatMap(({ column, atScoring }) =>
    atScoring === undefined && !isKey(column) ? column : [],
  );
}

/** Returns the table's columns of these names, each under the name that is asked for. */
export function tableColumns(
  names: readonly string[],
  table: { readonly columns: readonly Column[]; readonly name: string },
): Column[] {
  return names.flatMap((name) => {
    const column = findColumn(table, name);
    return column === undefined ? [] : { ...column, name };
  });
}

/** Returns the buckets of the entities of these rows, in order. */
export async function neededBuckets(
  database: Database,
  relation: Relation,
  { key }: EntityTable,
  buckets: number,
): Promise<number[]> {
  const text = canonicalText(columnValue(keyColumn(relation, key), relation.texts));
  const found = await query(
    database,
    `SELECT DISTINCT ${entityBucketSql(text, buckets)} AS bucket FROM ${relation.from} WHERE ${text} IS NOT NULL ORDER BY bucket`,
  );
  return found.map(({ bucket }) => Number(bucket));
}

/** Writes the rows of a table that the relation's entities need to a Parquet file, which can then replace the table. */
export function writeNeededRows(database: Database, relation: Relation, table: TableRows, path: string): Promise<void> {
  return writeParquet(database, neededRowsSql(relation, table), path);
}

/**
 * Joins the columns of tables to rows, writes the result to Parquet files in `folder`, and returns it as a relation.
 * Rows are joined some at a time: a single join would need memory for all of them, and if there is not enough, DuckDB
 * does not keep the order of the rows.
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

/** Returns the relation with the columns and entities that joining these tables adds to it. Nothing is read. */
export function withTables(
  relation: Relation,
  tables: readonly Pick<TableRows, 'entity' | 'place' | 'columns'>[],
): Relation {
  return {
    ...relation,
    columns: [
      ...relation.columns,
      ...tables.flatMap(({ columns }, index) =>
        columns.map((column) => ({ ...column, sql: joinedName(column, index) })),
      ),
    ],
    joined: tables.map(({ entity, place }) => ({ ...entity, place })),
  };
}

/** The name of a table's column in joined rows, in which the columns of the rows keep theirs. */
function joinedName({ sql }: Column, table: number): string {
  return `t${table}_${sql}`;
}

function joinSql(relation: Relation, tables: readonly TableRows[]): string {
  const joins = tables.map((table, index) => {
    const { key, columns, entity } = table;
    const names = columns.map(({ sql }) => `, ${sql}`).join('');
    const rows = `SELECT ${canonicalText(columnValue(key, relation.texts))} AS ${KEY}${names} FROM (${neededRowsSql(relation, table)})`;
    const column = keyColumn(relation, entity.key);
    const candidate = canonicalText(columnValue({ ...column, sql: `rows.${column.sql}` }, relation.texts));
    return `LEFT JOIN (${rows}) table${index} ON table${index}.${KEY} = ${candidate}`;
  });
  const selected = tables.flatMap(({ entity, columns }, index) => [
    ...columns.map((column) => `table${index}.${column.sql} AS ${joinedName(column, index)}`),
    `table${index}.${KEY} IS NULL AS ${unknownEntitySql(entity.entity)}`,
  ]);
  return `SELECT ${['rows.*', ...selected].join(', ')} FROM ${relation.from} rows ${joins.join(' ')} ORDER BY rows."#row"`;
}

/**
 * Returns the SQL of the table's rows that the relation's entities need. The table is streamed; only these rows are
 * kept.
 */
function neededRowsSql(relation: Relation, { entity, key, columns, from }: TableRows): string {
  const keys = `SELECT ${canonicalText(columnValue(keyColumn(relation, entity.key), relation.texts))} FROM ${relation.from}`;
  const names = [...new Set([key, ...columns].map(({ sql }) => sql))].join(', ');
  return `SELECT ${names} FROM ${from} WHERE ${canonicalText(columnValue(key, relation.texts))} IN (${keys})`;
}

function writeParquet(database: Database, rows: string, path: string): Promise<void> {
  const options = `FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE ${ROW_GROUP_ROWS}`;
  return execute(database, `COPY (${rows}) TO ${writePath(path)} (${options})`);
}

function keyColumn(relation: Relation, key: string): Column {
  const column = findColumn(relation, key);
  if (column === undefined)
    throw new RangeError(`${relation.name} has no column ${key}, expected it to be checked before`);
  return column;
}
