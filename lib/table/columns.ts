/**
 * Columns of files, and SQL that reads their values as text, numbers and times with the same meaning in every format.
 */
import type { EntityTable } from '../config/declaration.ts';
import { identifier, literal } from './database.ts';

/** A column of a file or query. */
export interface Column {
  readonly name: string;
  /** DuckDB's name of the type. */
  readonly type: string;
  /** Whether the column is text only because its file format, CSV, has no types. @default false */
  readonly isUntyped?: boolean;
}

/** An entity whose table has been joined to rows. */
export interface JoinedEntity extends EntityTable {
  /** Location of the table, for messages. */
  readonly place: string;
}

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
  /** Path of the file or files, for messages. */
  readonly name: string;
  /**
   * Entities whose tables have been joined. For each of them there is a column `"#unknown_<entity>"`, true in rows
   * whose key is not in the table. @default none
   */
  readonly joined?: readonly JoinedEntity[];
}

/** Kinds of values that a column may hold. */
export type ColumnKind = 'text' | 'boolean' | 'integer' | 'decimal' | 'floating' | 'time' | 'list' | 'other';

/** A column, or the constant that replaces it, as SQL. */
export interface Value {
  readonly sql: string;
  readonly type: string;
  readonly kind: ColumnKind;
}

/** The largest float32, as SQL. */
export const LARGEST_FLOAT = '3.4028234663852886e38';

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
  if (type === 'VARCHAR' || type === 'UUID' || type === 'JSON' || type.startsWith('ENUM(')) return 'text';
  if (type === 'BOOLEAN') return 'boolean';
  if (INTEGERS.has(type)) return 'integer';
  if (type.startsWith('DECIMAL(')) return 'decimal';
  if (type === 'FLOAT' || type === 'DOUBLE') return 'floating';
  if (type === 'DATE' || /^TIMESTAMP(_S|_MS|_NS| WITH TIME ZONE)?$/.test(type)) return 'time';
  return 'other';
}

/** Returns a column as SQL. */
export function columnValue({ name, type }: Column): Value {
  return { sql: identifier(name), type, kind: columnKind(type) };
}

/** Returns, as SQL, the constant that replaces a column which candidates lack. */
export function constantValue(constant: string | number | null): Value {
  const sql = constant === null ? 'CAST(NULL AS VARCHAR)' : literal(String(constant));
  return { sql, type: 'VARCHAR', kind: 'text' };
}

/** Returns the column of exactly this name, or `undefined` if there is none. */
export function findColumn(relation: Pick<Relation, 'columns'>, name: string): Column | undefined {
  return relation.columns.find((column) => column.name === name);
}

/** Returns a feature's column, or the constant that replaces it if it is absent. The columns must have been checked. */
export function columnOrConstant(
  relation: Relation,
  { column: name, atScoring }: { readonly column: string; readonly atScoring?: string | number | null | undefined },
): Value {
  const column = findColumn(relation, name);
  return column === undefined ? constantValue(atScoring ?? null) : columnValue(column);
}

/** Returns the SQL condition that the row's user or item is not in the joined table. */
export function unknownEntitySql(entity: EntityTable['entity']): string {
  return `"#unknown_${entity}"`;
}

/**
 * Returns the SQL of a value's canonical text, which is the same whether a file has the value as a number or as text.
 * Integral numbers have no point and no zeros after it (`5.0` is `5`), `True` and `TRUE` are `true`, and missing
 * values, empty texts and NaN are NULL.
 */
export function canonicalText({ sql, kind }: Value): string {
  const text = `CAST(${sql} AS VARCHAR)`;
  switch (kind) {
    case 'integer':
    case 'boolean':
    case 'time':
      return text;
    case 'decimal':
      return withoutZeros(text);
    case 'floating':
      // Before the cast: the text of a NaN may have a sign.
      return withoutZeros(`CAST(NULLIF(${sql}, 'NaN') AS VARCHAR)`);
    default:
      return canonicalOfText(`NULLIF(${text}, '')`);
  }
}

/**
 * Returns the SQL of a row's group: the canonical text of a value or, if it is missing, a text that no other row has.
 */
export function groupText(value: Value): string {
  return `COALESCE(${canonicalText(value)}, '#row ' || "#row")`;
}

/** Returns the SQL of the canonical text of a text. */
export function canonicalOfText(text: string): string {
  return `CASE WHEN ${text} IN ('True', 'TRUE', 'False', 'FALSE') THEN lower(${text}) ELSE ${withoutZeros(text)} END`;
}

/** Returns the SQL of a number as DOUBLE, NULL if it is missing or not a number. */
export function numberSql({ sql, kind }: Value): string {
  return kind === 'text' ? `TRY_CAST(NULLIF(${sql}, '') AS DOUBLE)` : `CAST(${sql} AS DOUBLE)`;
}

/** Returns the SQL condition that a text is that of an integer. */
export function isIntegerSql(text: string): string {
  return `regexp_full_match(${text}, '-?[0-9]+')`;
}

/** Returns the SQL condition that a value is present: neither NULL nor an empty text. */
export function presentSql({ sql, kind }: Value): string {
  return kind === 'text' ? `(${sql} IS NOT NULL AND CAST(${sql} AS VARCHAR) <> '')` : `(${sql} IS NOT NULL)`;
}

/** Returns the SQL of the list of a bag's values as canonical texts, NULL for missing ones; NULL for a missing bag. */
export function bagTexts(value: Value, delimiter: string | null): string {
  if (value.kind !== 'list') return `list_transform(${splitText(value, delimiter)}, lambda x: ${canonicalOfText('x')})`;
  const type = value.type.replace(/\[\d*\]$/, '');
  return `list_transform(${value.sql}, lambda x: ${canonicalText({ sql: 'x', type, kind: columnKind(type) })})`;
}

/** Returns the SQL of the list of a bag's weights as DOUBLE, with NULL for a weight that is not a number. */
export function bagWeights(value: Value, delimiter: string | null): string {
  const texts = value.kind === 'list' ? `CAST(${value.sql} AS VARCHAR[])` : splitText(value, delimiter);
  return `list_transform(${texts}, lambda x: TRY_CAST(x AS DOUBLE))`;
}

/**
 * Returns the SQL of an instant in epoch milliseconds, NULL if the value is not an instant. Text without a zone is UTC;
 * integers are seconds below 1e11, milliseconds below 1e14 and microseconds below 1e17.
 */
export function timeSql({ sql, kind }: Value): string {
  if (kind === 'time') return `epoch_ms(${sql})`;
  if (kind === 'integer') return epochSql(`CAST(${sql} AS HUGEINT)`);
  const integer = `TRY_CAST(CASE WHEN ${isIntegerSql(sql)} THEN ${sql} END AS HUGEINT)`;
  return `COALESCE(${epochSql(integer)}, epoch_ms(TRY_CAST(CASE WHEN NOT ${isIntegerSql(sql)} THEN ${sql} END AS TIMESTAMPTZ)))`;
}

function epochSql(integer: string): string {
  return `CAST(CASE WHEN abs(${integer}) < 100000000000 THEN ${integer} * 1000 WHEN abs(${integer}) < 100000000000000 THEN ${integer} WHEN abs(${integer}) < 100000000000000000 THEN ${integer} // 1000 END AS BIGINT)`;
}

/** Returns the SQL of a text in which an integral number has no point and no zeros after it. */
function withoutZeros(text: string): string {
  // For most values the two cheap conditions make the regular expression unnecessary.
  return `CASE WHEN ends_with(${text}, '0') AND contains(${text}, '.') THEN regexp_replace(${text}, '^(-?[0-9]+)\\.0+$', '\\1') ELSE ${text} END`;
}

function splitText({ sql }: Value, delimiter: string | null): string {
  const text = `NULLIF(${sql}, '')`;
  return delimiter === null
    ? `CASE WHEN ${text} IS NOT NULL THEN [${text}] END`
    : `string_split(${text}, ${literal(delimiter)})`;
}
