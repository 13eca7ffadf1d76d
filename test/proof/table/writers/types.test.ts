/** One table in every column type that can hold it, written by DuckDB in every codec and version: the same encoded rows. */
import { describe, expect, it } from 'vitest';
import { execute, literal } from '../../../../lib/table/database.ts';
import { differences, valueAt } from './logical-table.ts';
import { readings } from './readings.ts';

const { place, logRows, candidateRows } = readings();

/** SQL types that hold the whole column, or expressions of `x`, the column with the first type. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  row: ['BIGINT', 'INTEGER', 'UBIGINT', 'UTINYINT', 'VARCHAR', 'HUGEINT'],
  city: [
    'VARCHAR',
    'encode(x)',
    "CAST(x AS ENUM ('Köln', 'Ko\u0308ln', '', 'say \"hi\"', 'a,b;c|d', 'two\nlines', 'it''s', ' padded ', 'NULL', '東京 😀', '007', 'TRUE'))",
  ],
  user_id: [
    'BIGINT',
    'DECIMAL(19,0)',
    'DECIMAL(38,0)',
    'VARCHAR',
    "CASE WHEN x >= 0 THEN '+' || x ELSE '-0' || -x END",
    "x || '.0'",
  ],
  price: ['DECIMAL(10,2)', 'DECIMAL(18,4)', 'DECIMAL(38,10)', 'DOUBLE', 'VARCHAR', "x || '000'"],
  ratio: ['DOUBLE', 'VARCHAR', "COALESCE(x, 'NaN')", "COALESCE(CAST(x AS VARCHAR), 'None')", "printf('%.10e', x)"],
  day: [
    'DATE',
    'TIMESTAMP',
    'TIMESTAMP_S',
    'TIMESTAMP_MS',
    'TIMESTAMP_NS',
    'TIMESTAMPTZ',
    'VARCHAR',
    "x || 'T00:00:00Z'",
  ],
  seen_at: [
    'TIMESTAMP',
    'TIMESTAMP_MS',
    'TIMESTAMP_NS',
    'TIMESTAMPTZ',
    'VARCHAR',
    "strftime(x, '%Y-%m-%dT%H:%M:%S.%gZ')",
    "strftime(x + INTERVAL 2 HOUR, '%Y-%m-%d %H:%M:%S.%f') || '+02:00'",
  ],
  active: [
    'BOOLEAN',
    'INTEGER',
    'DOUBLE',
    'VARCHAR',
    "CASE x WHEN true THEN 'True' WHEN false THEN 'FALSE' END",
    'DECIMAL(2,1)',
  ],
  size: [
    'INTEGER',
    'TINYINT',
    'SMALLINT',
    'BIGINT',
    'UTINYINT',
    'USMALLINT',
    'UINTEGER',
    'UBIGINT',
    'FLOAT',
    'DOUBLE',
    'DECIMAL(4,0)',
    'HUGEINT',
    'VARCHAR',
    "printf('%05d', x)",
    "' ' || x",
  ],
  nothing: ['VARCHAR', 'INTEGER', 'BOOLEAN', 'BLOB', 'TIMESTAMP', "''", "'  '", "'NaN'::DOUBLE", "'null'", "'N/A'"],
  amount: ['DOUBLE', 'FLOAT', 'VARCHAR', 'DECIMAL(18,4)', "COALESCE(x, 'NaN')", "COALESCE(CAST(x AS VARCHAR), 'NULL')"],
  tags: ['VARCHAR[]', "list_aggregate(list_transform(x, lambda y: COALESCE(y, '')), 'string_agg', '|')"],
  weights: ['DOUBLE[]', 'FLOAT[]', 'DECIMAL(6,2)[]', "array_to_string(x, '|')"],
  pair: ['VARCHAR[]', 'VARCHAR[2]', "array_to_string(x, '|')"],
  click: ['INTEGER', 'BOOLEAN', 'DOUBLE', 'VARCHAR', 'UTINYINT', "CASE x WHEN 1 THEN 'true' ELSE 'false' END"],
  conversion: ['INTEGER', 'BOOLEAN', 'FLOAT', 'VARCHAR'],
  part: ['VARCHAR', 'encode(x)'],
};
const CODECS = ['uncompressed', 'snappy', 'zstd', 'gzip', 'brotli', 'lz4_raw', 'lz4'];
const KINDS = Math.max(...Object.values(TYPES).map((types) => types.length));

/** The rows with the `kind`-th type of every column that has so many, and the first one of the others. */
function rowsOfKind(kind: number): string {
  const columns = Object.entries(TYPES).map(([name, types]) => {
    const [first = '', type = types[0] ?? ''] = [types[0], types[kind]];
    const sql = /[^A-Z_0-9,()[\]]/.test(type)
      ? type.replace(/\bx\b/g, `CAST("${name}" AS ${first})`)
      : `CAST(CAST("${name}" AS ${first}) AS ${type})`;
    return `${sql} AS "${name}"`;
  });
  const rows = Array.from(
    { length: 40 },
    (_, row) =>
      `(${Object.keys(TYPES)
        .map((name) => sqlOf(valueAt(name, row)))
        .join(', ')})`,
  );
  const names = Object.keys(TYPES).map((name) => `"${name}"`);
  return `SELECT ${columns.join(', ')} FROM (VALUES ${rows.join(', ')}) AS rows(${names.join(', ')})`;
}

function sqlOf(value: unknown): string {
  if (value === null) return 'NULL';
  if (Array.isArray(value)) return `[${value.map(sqlOf).join(', ')}]`;
  if (typeof value === 'string') return literal(value);
  return Object.is(value, -0)
    ? "'-0'::DOUBLE"
    : typeof value === 'number' && !Number.isSafeInteger(value)
      ? `${value}::DOUBLE`
      : String(value);
}

describe('the table has the same encoded rows', () => {
  it.each(Array.from({ length: KINDS }, (_, kind) => kind))('in types of kind %i', async (kind) => {
    const path = place.at(`kind-${kind}.parquet`);
    const [codec, version] = [CODECS[kind % CODECS.length], kind % 2 === 0 ? 'V1' : 'V2'];
    await execute(
      place.database,
      `COPY (${rowsOfKind(kind)}) TO ${literal(path)} (FORMAT parquet, COMPRESSION ${codec}, PARQUET_VERSION ${version})`,
    );
    expect(differences(await logRows(path))).toEqual([]);
    expect(differences(await candidateRows(path))).toEqual([]);
  });
});
