/** Columns that a file does not have itself because they are in its path: `country=DE/`, as Hive and Spark write them. */
import { sameColumn } from '../config/names.ts';
import { byPosition, type Column, type FileColumn } from './columns.ts';
import { literal } from './database.ts';

/** What Hive writes for a missing value. */
const MISSING = '__HIVE_DEFAULT_PARTITION__';

/** A column whose value is the same in all rows of a file. */
export interface PathColumn {
  readonly name: string;
  /** The value as text; `null` if it is missing. */
  readonly value: string | null;
}

/** Returns the columns in the folders of a path, without those that the file has: the last one if a name is repeated. */
export function pathColumns(path: string, columns: readonly FileColumn[]): PathColumn[] {
  const found = new Map<string, PathColumn>();
  for (const folder of path.split('/').slice(0, -1)) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(folder) ?? [];
    if (name === undefined || value === undefined) continue;
    const column = { name: decoded(name), value: value === MISSING ? null : decoded(value) };
    if (!columns.some((own) => sameColumn(own.name, column.name))) found.set(column.name.toLowerCase(), column);
  }
  return [...found.values()];
}

/** Returns the SQL of a path's column. */
export function pathColumnSql({ value }: PathColumn): string {
  return value === null ? 'CAST(NULL AS VARCHAR)' : literal(value);
}

/** Returns the columns of a file and of its path, which SQL refers to as `c0`, `c1` and so on, and `p0`, `p1` and so on. */
export function columnsOf(path: string, columns: readonly FileColumn[]): Column[] {
  const inPath = pathColumns(path, columns).map(({ name }, index) => ({ name, type: 'VARCHAR', sql: `p${index}` }));
  return [...byPosition(columns), ...inPath];
}

/** Returns the SQL of a path's columns in a SELECT, each after a comma. */
export function selectedPathColumns(path: string, columns: readonly FileColumn[]): string {
  return pathColumns(path, columns)
    .map((column, index) => `, ${pathColumnSql(column)} AS p${index}`)
    .join('');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
