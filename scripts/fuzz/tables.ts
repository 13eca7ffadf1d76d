/** Random candidates, and the files that hold them. */
import { gzipSync } from 'node:zlib';
import { literal } from '../../lib/table/database.ts';
import type { Random } from './random.ts';

/** A table of text; `null` is a missing value. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** How CSV is written. */
export interface Dialect {
  readonly delimiter: string;
  readonly quoting: 'needed' | 'all';
  /** What stands before a quote in a quoted field. */
  readonly escape: '"' | '\\';
  readonly newline: '\n' | '\r\n';
  readonly hasMark: boolean;
  readonly isGzip: boolean;
  /** How a missing value is written. */
  readonly missing: string;
  readonly endsWithNewline: boolean;
}

/** Columns of a candidate file with everything that the model of `world.ts` reads, and a title that it does not read. */
export const COLUMNS = ['row', 'user_id', 'age', 'item', 'brand', 'history', 'day', 'title'];

/** Values that files of other people have, and that must arrive as they are. */
const TITLES = [
  '',
  'plain',
  'TV 55"',
  '"',
  'a,b',
  'a;b',
  'a|b',
  'a\tb',
  "it's",
  'two\nlines',
  '\u00e9\u4e2d\u{1f600}',
  '# no comment',
  ' x ',
];

/** Returns a table of so many candidates, all of which can be scored. */
export function candidates(random: Random, most = 60, least = 1): Table {
  const rows = Array.from({ length: random.between(least, most) }, (_, row) => {
    const item = random.below(14);
    const history = Array.from({ length: random.below(4) }, () => `i${random.below(14)}`).join('|');
    return [
      String(row),
      `u${random.below(20)}`,
      random.chance(0.1) ? null : String(random.between(18, 79) / random.pick([1, 2, 4])),
      random.chance(0.05) ? null : `i${item}`,
      random.chance(0.05) ? null : String(random.below(9) * 10 ** random.below(3)),
      history === '' ? null : history,
      random.chance(0.1) ? null : `2026-05-0${random.between(1, 9)}`,
      random.pick(TITLES) || null,
    ];
  });
  return { columns: COLUMNS, rows };
}

/** Returns a random dialect. Text with backslashes is not among the values, so each has one meaning. */
export function dialect(random: Random): Dialect {
  return {
    delimiter: random.pick([',', ';', '\t', '|']),
    quoting: random.pick(['needed', 'needed', 'all']),
    escape: random.pick(['"', '"', '\\']),
    newline: random.pick(['\n', '\n', '\r\n']),
    hasMark: random.chance(0.2),
    isGzip: random.chance(0.2),
    missing: random.pick(['', '', '', 'NULL', 'NaN', '\\N', 'NA', 'None']),
    endsWithNewline: random.chance(0.9),
  };
}

/** Returns the bytes of a table as CSV. */
export function csv({ columns, rows }: Table, dialect: Dialect): Buffer {
  const { delimiter, quoting, escape: beforeQuote, newline } = dialect;
  const field = (value: string | null) => {
    if (value === null) return dialect.missing;
    const isQuoted = quoting === 'all' || value === '' || value.includes(delimiter) || /["\n\r]/.test(value);
    return isQuoted ? `"${value.replaceAll('"', `${beforeQuote}"`)}"` : value;
  };
  const lines = [columns, ...rows].map((row) => row.map(field).join(delimiter));
  const text = `${dialect.hasMark ? '\ufeff' : ''}${lines.join(newline)}${dialect.endsWithNewline ? newline : ''}`;
  return dialect.isGzip ? gzipSync(text) : Buffer.from(text);
}

/** How each column may be typed in Parquet, without another meaning. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  row: ['BIGINT', 'INTEGER', 'UBIGINT', 'VARCHAR'],
  age: ['DOUBLE', 'FLOAT', 'VARCHAR', 'DECIMAL(8,2)'],
  brand: ['BIGINT', 'SMALLINT', 'DOUBLE', 'VARCHAR', 'DECIMAL(9,0)', 'UINTEGER'],
  day: ['DATE', 'VARCHAR', 'TIMESTAMP', 'TIMESTAMP_MS', 'TIMESTAMP_NS', 'TIMESTAMPTZ'],
};
const CODECS = ['uncompressed', 'snappy', 'zstd', 'gzip', 'brotli', 'lz4_raw'];

/** Returns the SQL that writes a table to Parquet: with plain types, or with random ones and in random ways. */
export function parquetSql({ columns, rows }: Table, path: string, random?: Random): string {
  const select = columns.map((name) => {
    // A column may be called `constructor`.
    const types = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
    const type = types === undefined ? 'VARCHAR' : (random?.pick(types) ?? types[0]);
    return `CAST("${name.replaceAll('"', '""')}" AS ${type}) AS "${name.replaceAll('"', '""')}"`;
  });
  const values = rows.map(
    (row) => `(${row.map((value) => (value === null ? 'CAST(NULL AS VARCHAR)' : literal(value))).join(', ')})`,
  );
  const names = columns.map((name) => `"${name.replaceAll('"', '""')}"`).join(', ');
  const options = random
    ? `, COMPRESSION ${random.pick(CODECS)}, PARQUET_VERSION ${random.pick(['V1', 'V2'])}, ROW_GROUP_SIZE ${random.pick([2048, 122_880])}`
    : '';
  const query = `SELECT ${select.join(', ')} FROM (VALUES ${values.join(', ')}) AS rows(${names})`;
  return `COPY (${query}) TO ${literal(path)} (FORMAT parquet${options})`;
}
