/**
 * Columns of files, and the relations that have them. `lib/table/values` has the SQL that reads their values.
 */
import type { CsvChoice, EntityTable } from '../config/declaration.ts';
import { sameColumn } from '../config/names.ts';
import { literal } from './database.ts';
import { DataError } from './errors.ts';

/** A column of a file. */
export interface FileColumn {
  /** The name that the file has: any text, which may be empty or repeated. */
  readonly name: string;
  /** DuckDB's name of the type. */
  readonly type: string;
  /** Bounds of the values of a column of integers that has no NULL, as far as the file has them. */
  readonly bounds?: Bounds;
}

/** The least value, or a lower one, and the greatest value, or a higher one. */
export type Bounds = readonly [least: number, greatest: number];

/** A column of rows that SQL can read. */
export interface Column extends FileColumn {
  /** SQL that refers to the column. It does not depend on the name, which could be one that SQL or this code uses. */
  readonly sql: string;
  /** What its texts mean. @default what those of its relation mean */
  readonly texts?: TextRules;
  /**
   * SQL of a column of text as BIGINT, where each of its texts is that of an integer: digits without needless zeros.
   * @default some may be no integers
   */
  readonly integer?: string;
}

/** An entity whose table has been joined to rows. */
export interface JoinedEntity extends EntityTable {
  /** Location of the table, for messages. */
  readonly place: string;
}

/** What the texts of a relation mean: those that stand for a missing value, and the decimal mark of numbers. */
export type TextRules = Pick<CsvChoice, 'nullValues' | 'decimal'>;

/** Rows that SQL can read. */
export interface Relation {
  /**
   * SQL after FROM. It has the columns listed in `columns`, and `"#row"` (position from 0), `"#malformed"` (why a CSV
   * record is malformed; NULL if it is not) and `"#malformed_value"` (an excerpt of that record).
   */
  readonly from: string;
  readonly columns: readonly Column[];
  /** Whether every column is text because the file format, CSV, has no types. */
  readonly isText: boolean;
  /** What the texts in its columns mean. */
  readonly texts: TextRules;
  /** Path of the file or files, for messages. */
  readonly name: string;
  /**
   * Entities whose tables have been joined. For each of them there is a column `"#unknown_<entity>"`, true in rows
   * whose key is not in the table. @default none
   */
  readonly joined?: readonly JoinedEntity[];
  /** Whether the constant for scoring of a feature, `at_scoring`, stands for its missing values. @default false */
  readonly isScored?: boolean;
}

/** Kinds of values that a column may hold. */
export type ColumnKind = 'text' | 'boolean' | 'integer' | 'decimal' | 'floating' | 'time' | 'list' | 'other';

/** A column, or the constant that replaces it, as SQL. */
export interface Value {
  readonly sql: string;
  readonly type: string;
  readonly kind: ColumnKind;
  /** What its texts mean. */
  readonly texts: TextRules;
  /** Whether it is a constant of the declaration. @default false */
  readonly isConstant?: boolean | undefined;
  /** As `Column.integer`. No such text stands for a missing value. */
  readonly integer?: string | undefined;
  /** As `FileColumn.bounds`. */
  readonly bounds?: Bounds | undefined;
}

const INTEGERS = new Set([
  'TINYINT',
  'SMALLINT',
  'INTEGER',
  'BIGINT',
  'HUGEINT',
  'UTINYINT',
  'USMALLINT',
  'UINTEGER',
  'UBIGINT',
  'UHUGEINT',
]);

/** Returns the kind of values that a DuckDB type holds. */
export function columnKind(type: string): ColumnKind {
  if (/\[\d*\]$/.test(type)) return 'list';
  // Impala and older versions of Spark write text as bytes.
  if (type === 'BLOB') return 'text';
  if (type === 'VARCHAR' || type === 'UUID' || type === 'JSON' || type.startsWith('ENUM(')) return 'text';
  if (type === 'BOOLEAN') return 'boolean';
  if (INTEGERS.has(type)) return 'integer';
  if (type.startsWith('DECIMAL(')) return 'decimal';
  if (type === 'FLOAT' || type === 'DOUBLE') return 'floating';
  if (type === 'DATE' || /^TIMESTAMP(_S|_MS|_NS| WITH TIME ZONE)?$/.test(type)) return 'time';
  return 'other';
}

/** Returns the type of a list's items; any other type as it is. */
export function itemType(type: string): string {
  return type.replace(/\[\d*\]$/, '');
}

/** DuckDB's name of the type of a column that has no value in any row. */
export const NULL_TYPE = '"NULL"';

/** Returns a column as SQL. */
export function columnValue({ sql, type, texts: own, integer, bounds }: Column, rules: TextRules): Value {
  const texts = own ?? rules;
  if (type === NULL_TYPE) return constantValue(null, texts);
  if (type === 'BLOB') return { sql: `decode(${sql})`, type: 'VARCHAR', kind: 'text', texts };
  const isInteger = integer !== undefined && !texts.nullValues.some((text) => /^-?\d+$/.test(text));
  return { sql, type, kind: columnKind(type), texts, ...(isInteger && { integer }), ...(bounds && { bounds }) };
}

/** Returns the columns of a file, which SQL refers to by their positions: `c0`, `c1` and so on. */
export function byPosition(columns: readonly FileColumn[]): Column[] {
  return columns.map((column, index) => ({ ...column, sql: `c${index}` }));
}

/** Returns, as SQL, the constant that replaces a column which candidates lack. Its decimal mark is a point. */
export function constantValue(constant: string | number | null, texts: TextRules): Value {
  const sql = constant === null ? 'CAST(NULL AS VARCHAR)' : literal(String(constant));
  return { sql, type: 'VARCHAR', kind: 'text', texts: { ...texts, decimal: '.' }, isConstant: true };
}

/**
 * Returns the column of exactly this name or, if there is none, the only one whose name differs from it in case alone;
 * `undefined` if there is none of either.
 * @throws {DataError} `columns_repeated` if there are several.
 */
export function findColumn<T extends FileColumn>(
  { columns, name: place }: { readonly columns: readonly T[]; readonly name: string },
  name: string,
): T | undefined {
  const exact = columns.filter((column) => column.name === name);
  const found = exact.length > 0 ? exact : columns.filter((column) => sameColumn(column.name, name));
  if (found.length > 1)
    throw new DataError(
      'columns_repeated',
      `columns repeated${exact.length > 0 ? '' : ', or different in case only'}: ${found.map((column) => column.name).join(', ')}, expected one column ${name} (in ${place})`,
    );
  return found[0];
}

/** A column that a feature reads, and the constants that replace its missing values: in candidates, and everywhere. */
interface ColumnOrConstant {
  readonly column: string;
  readonly atScoring?: string | number | null | undefined;
  readonly missing?: string | number | undefined;
}

/** Returns a feature's column, or the constant that replaces it if it is absent. The columns must have been checked. */
export function columnOrConstant(relation: Relation, { column: name, atScoring }: ColumnOrConstant): Value {
  const column = findColumn(relation, name);
  return column === undefined ? constantValue(atScoring ?? null, relation.texts) : columnValue(column, relation.texts);
}

/**
 * Returns the SQL that reads a feature's column or, where its value is missing, the constant that replaces it: of
 * candidates `atScoring`, for which a column that is absent, NULL or empty is the same, and then `missing`. `read`
 * returns the SQL of a value, NULL if it is missing.
 */
export function readOrConstant(relation: Relation, feature: ColumnOrConstant, read: (value: Value) => string): string {
  const { column, atScoring, missing } = feature;
  const isReplaced = relation.isScored === true && atScoring != null && findColumn(relation, column) !== undefined;
  const values = [
    columnOrConstant(relation, feature),
    ...(isReplaced ? [constantValue(atScoring, relation.texts)] : []),
    // What is declared is a value, even if its text would stand for a missing one in a file.
    ...(missing === undefined ? [] : [constantValue(missing, { ...relation.texts, nullValues: [] })]),
  ];
  const [own = '', ...others] = values.map(read);
  return others.length === 0 ? own : `COALESCE(${[own, ...others].join(', ')})`;
}

/** Returns the SQL condition that the row's user or item is not in the joined table. */
export function unknownEntitySql(entity: EntityTable['entity']): string {
  return `"#unknown_${entity}"`;
}
