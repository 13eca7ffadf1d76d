/** Columns of a file as DuckDB sees them, and their values as text, numbers and times in one meaning for every format. */
import type { EntityTable } from '../config/declaration.ts';
import { identifier, literal } from './database.ts';

export interface Column {
  readonly name: string;
  /** DuckDB's name of the type. */
  readonly type: string;
  /** Text for want of a type: the format that the column comes from has none. @default false */
  readonly isUntyped?: boolean;
}

/** An entity whose table gives the rows columns that they lack. */
export interface JoinedEntity extends EntityTable {
  /** Where the table lies, for messages. */
  readonly place: string;
}

/** Rows that can be read: what follows FROM, giving `"#row"` (position from 0), `"#malformed"`, `"#malformed_value"` and the columns. */
export interface Relation {
  readonly from: string;
  readonly columns: readonly Column[];
  /** Every column is text, because the format has no types. */
  readonly isText: boolean;
  /** Where the rows come from, for messages. */
  readonly name: string;
  /** Entities whose columns were joined; a column `"#unknown_<entity>"` tells of each row whether its table lacks it. @default none */
  readonly joined?: readonly JoinedEntity[];
}

export type ColumnKind = 'text' | 'boolean' | 'integer' | 'decimal' | 'floating' | 'time' | 'list' | 'other';

/** A column, or the constant that stands for it, as SQL. */
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

export function columnValue({ name, type }: Column): Value {
  return { sql: identifier(name), type, kind: columnKind(type) };
}

/** The constant that stands for a column which is unknown when scoring. */
export function constantValue(constant: string | number | null): Value {
  const sql = constant === null ? 'CAST(NULL AS VARCHAR)' : literal(String(constant));
  return { sql, type: 'VARCHAR', kind: 'text' };
}

/** A relation's column of this name. */
export function findColumn(relation: Pick<Relation, 'columns'>, name: string): Column | undefined {
  return relation.columns.find((column) => column.name === name);
}

/** A feature's column, or the constant that stands for it where it is absent. The columns were checked before. */
export function columnOrConstant(
  relation: Relation,
  { column: name, atScoring }: { readonly column: string; readonly atScoring?: string | number | null | undefined },
): Value {
  const column = findColumn(relation, name);
  return column === undefined ? constantValue(atScoring ?? null) : columnValue(column);
}

/** SQL of "the row's entity is not in its table". */
export function unknownEntitySql(entity: EntityTable['entity']): string {
  return `"#unknown_${entity}"`;
}

/**
 * SQL of a value's canonical text: its text, an integral decimal or floating value without the point and the zeros
 * after it (`5.0` is `5`, as number and as text), `true` and `false` for their spellings in text (`True`, `TRUE`), NULL
 * where it is missing, empty or NaN.
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

/** SQL of a row's group: the canonical text, and for a row that has none a text that no other row has. */
export function groupText(value: Value): string {
  return `COALESCE(${canonicalText(value)}, '#row ' || "#row")`;
}

/** SQL of the canonical text of a text. */
export function canonicalOfText(text: string): string {
  return `CASE WHEN ${text} IN ('True', 'TRUE', 'False', 'FALSE') THEN lower(${text}) ELSE ${withoutZeros(text)} END`;
}

/** SQL of a number as DOUBLE, NULL where it is missing or not a number. */
export function numberSql({ sql, kind }: Value): string {
  return kind === 'text' ? `TRY_CAST(NULLIF(${sql}, '') AS DOUBLE)` : `CAST(${sql} AS DOUBLE)`;
}

/** SQL of "the text is that of an integer". */
export function isIntegerSql(text: string): string {
  return `regexp_full_match(${text}, '-?[0-9]+')`;
}

/** SQL of "there is a value". */
export function presentSql({ sql, kind }: Value): string {
  return kind === 'text' ? `(${sql} IS NOT NULL AND CAST(${sql} AS VARCHAR) <> '')` : `(${sql} IS NOT NULL)`;
}

/** SQL of the list of a bag's values as canonical text, missing ones included; NULL for a missing bag. */
export function bagTexts(value: Value, delimiter: string | null): string {
  if (value.kind !== 'list') return `list_transform(${splitText(value, delimiter)}, lambda x: ${canonicalOfText('x')})`;
  const type = value.type.replace(/\[\d*\]$/, '');
  return `list_transform(${value.sql}, lambda x: ${canonicalText({ sql: 'x', type, kind: columnKind(type) })})`;
}

/** SQL of the list of a bag's weights as DOUBLE; NULL in the list where one is not a number. */
export function bagWeights(value: Value, delimiter: string | null): string {
  const texts = value.kind === 'list' ? `CAST(${value.sql} AS VARCHAR[])` : splitText(value, delimiter);
  return `list_transform(${texts}, lambda x: TRY_CAST(x AS DOUBLE))`;
}

/**
 * SQL of an instant in epoch milliseconds, NULL where it is none. Text without a zone is UTC; integers are seconds below
 * 1e11, milliseconds below 1e14 and microseconds below 1e17.
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

/** SQL of a text without the point and the zeros of an integral number. */
function withoutZeros(text: string): string {
  // The two cheap conditions spare most values the regular expression.
  return `CASE WHEN ends_with(${text}, '0') AND contains(${text}, '.') THEN regexp_replace(${text}, '^(-?[0-9]+)\\.0+$', '\\1') ELSE ${text} END`;
}

function splitText({ sql }: Value, delimiter: string | null): string {
  const text = `NULLIF(${sql}, '')`;
  return delimiter === null
    ? `CASE WHEN ${text} IS NOT NULL THEN [${text}] END`
    : `string_split(${text}, ${literal(delimiter)})`;
}
