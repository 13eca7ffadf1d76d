/**
 * Rows that are objects are encoded bit for bit as rows of files: the oracle is the SQL of files, over the same values in
 * columns of a type.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Feature } from '../../../lib/config/declaration.ts';
import { candidateChecks, failedRows } from '../../../lib/table/check/check-rows.ts';
import { byPosition, type Relation } from '../../../lib/table/columns.ts';
import { execute, identifier, literal, query } from '../../../lib/table/database.ts';
import { encodeCandidates } from '../../../lib/table/encode/encode.ts';
import type { EncodedChunk } from '../../../lib/table/encoded.ts';
import type { Encoder } from '../../../lib/table/encoder.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { ObjectEncoder } from '../../../lib/table/objects/encode-objects.ts';
import {
  bag,
  category,
  cross,
  declare,
  number,
  openLog,
  sequence,
  table,
  vector,
  vocabulary,
  workplace,
} from '../fixture.ts';

const place = workplace();

const FEATURES: readonly Feature[] = [
  category('known', { embedding: 'known' }),
  category('hashed', { embedding: 'hashed', missing: 'NA' }),
  category('id', { embedding: 'id' }),
  category('pos', { embedding: 'known', atScoring: 'b' }),
  number('price', { missing: -0.5 }),
  number('age', { atScoring: 7.5, missing: 3 }),
  number('spent', { embedding: 'spent' }),
  bag('tags', { embedding: 'known' }),
  bag('words', { embedding: 'hashed', delimiter: '|', keep: 'last' }),
  bag('weighted', { embedding: 'known', weights: 'w', missing: 'b' }),
  bag('marked', { embedding: 'hashed', weights: 'm', delimiter: ';', atScoring: 'a;b' }),
  bag('ids', { embedding: 'id', delimiter: ',' }),
  sequence('newest', { embedding: 'known', atScoring: 'NULL', missing: 'c' }),
  sequence('oldest', { embedding: 'hashed', delimiter: ' ', keep: 'first', pooling: 'attention' as never }),
  vector('place', { length: 2 }),
  vector('spot', { length: 3, delimiter: ';', missing: 2, atScoring: 7 }),
  cross('both', ['known', 'price'], { embedding: 'both' }),
  cross('three', [], {
    embedding: 'hashed',
    of: [
      { column: 'hashed', missing: 'none' },
      { column: 'pos', atScoring: 2 },
      { column: 'age', atScoring: null },
    ],
  }),
].map((feature) => (feature.name === 'oldest' ? { ...feature, pooling: null } : feature)) as Feature[];

const declaration = declare(FEATURES, {
  embeddings: [
    table('known', vocabulary({ unknown: 5 })),
    table('hashed', { kind: 'hash', buckets: 1000, seed: 3 }),
    table('id', { kind: 'ids', size: 50 }),
    table('spent', { kind: 'quantiles', count: 4 }),
    table('both', { kind: 'hash', buckets: 2 ** 20, seed: 0 }),
  ],
});

/** Columns that features read, and the types of value that each may have. */
const SINGLE = ['text', 'double', 'bigint', 'boolean'] as const;
const LIST = ['text', 'texts', 'doubles'] as const;
const COLUMNS = {
  known: SINGLE,
  hashed: SINGLE,
  id: SINGLE,
  pos: SINGLE,
  price: SINGLE,
  age: SINGLE,
  spent: SINGLE,
  tags: LIST,
  words: LIST,
  weighted: LIST,
  w: LIST,
  marked: LIST,
  m: LIST,
  ids: LIST,
  newest: LIST,
  oldest: LIST,
  place: LIST,
  spot: LIST,
} as const;
type Type = (typeof SINGLE)[number] | (typeof LIST)[number];

const WORDS = ['a', 'b', 'c', 'naïve', 'A b', '7', '0', '-0', '007', '5.0', '1e3', '1e+3', '.5', '0.1', '12.', '-7.00'];
const ODD = [
  ...[
    '',
    ' ',
    'NULL',
    'nan',
    'None',
    'NaN',
    'true',
    'False',
    'TRUE',
    ' padded ',
    '\ta',
    'a\u00a0',
    '日本',
    'e\u0301',
    '🎉',
  ],
  ...[
    '2026-05-01',
    '2026-05-01T10:00:00Z',
    '2026-05-01 10:00:00+02:00',
    '2026-02-31T10:00',
    '2026-05-01T00:00:00.000Z',
  ],
  ...['18446744073709551616', '9007199254740993', '123456789012.5', '0.30000000000000004', '0.10000000149011612'],
  ...[
    '1e-7',
    '1e400',
    'inf',
    '-Infinity',
    '0x10',
    '1_000',
    '1,5',
    'quoted "',
    "it's",
    '["a"]',
    '[1, 2]',
    "['a', 'b']",
    '{a,b}',
  ],
  ...[
    '(1,2)',
    '[]',
    '[1.5 2.5]',
    'np.int64(3)',
    'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
  ],
  ...[
    'a|b',
    'a|b|',
    '|',
    '||a',
    ' a|b',
    'a| b',
    "'a'|b",
    'a;b;c',
    '1;2;',
    '1,2,3',
    '1,x',
    'a b c',
    'c  d ',
    '1|2|0.5',
    '0.5;0.25',
    'NA|b',
  ],
  ...['x'.repeat(36), `b${'x'.repeat(300)}`, '[nan]', 'a\\b', '2.50', '+3', '3.4e38', '3.5e38', '16777217', '1e-46'],
];
const text = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.constantFrom(...ODD),
  fc.string().filter((value) => !value.includes('\0')),
  fc
    .array(fc.constantFrom(...WORDS), { maxLength: 5 })
    .chain((words) => fc.constantFrom('|', ';', ',', ' ').map((mark) => words.join(mark))),
  fc.double().map(String),
);
const double = fc.oneof(
  fc.constantFrom(0, -0, 0.1, 0.5, 1e-5, 1.5e-7, 0.1 + 0.2, Math.fround(0.1), 16777217, 7, 49, 50, -1, 2.5),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.double().filter((value) => !Number.isInteger(value) || Number.isSafeInteger(value)),
  fc.float().filter((value) => !Number.isInteger(value) || Number.isSafeInteger(value)),
  fc.integer(),
);
const VALUES: Readonly<Record<Type, fc.Arbitrary<unknown>>> = {
  text: fc.option(text, { freq: 8 }),
  double: fc.option(double, { freq: 8 }),
  bigint: fc.option(
    fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -2n, max: 60n })),
    { freq: 8 },
  ),
  boolean: fc.option(fc.boolean(), { freq: 8 }),
  texts: fc.option(fc.array(fc.option(text, { freq: 8 }), { maxLength: 6 }), { freq: 8 }),
  doubles: fc.option(
    fc.array(fc.option(fc.oneof(fc.constantFrom(0, 0.5, 1, 2), double), { freq: 8 }), { maxLength: 6 }),
    { freq: 8 },
  ),
};
const SQL_TYPES: Readonly<Record<Type, string>> = {
  text: 'VARCHAR',
  double: 'DOUBLE',
  bigint: 'BIGINT',
  boolean: 'BOOLEAN',
  texts: 'VARCHAR[]',
  doubles: 'DOUBLE[]',
};

/** Integers of this size are categories only as bigint or text. */
const large = fc.oneof(double, fc.constantFrom(3.4e38, 3.5e38, 1e300, 2 ** 53 + 2));

/** Columns of one type each, and rows that have values in a few of them. */
const requests = fc
  .record({
    types: fc.record(
      Object.fromEntries(Object.entries(COLUMNS).map(([name, types]) => [name, fc.constantFrom<Type>(...types)])),
    ),
    used: fc.uniqueArray(fc.constantFrom(...Object.keys(COLUMNS)), { minLength: 1, maxLength: 4 }),
    isWeighted: fc.boolean(),
  })
  .chain(({ types, used, isWeighted }) =>
    fc.record({
      types: fc.constant(isWeighted ? { ...types, w: 'doubles', m: 'text' } : types),
      rows: fc.array(
        fc
          .record(
            Object.fromEntries(
              Object.keys(COLUMNS).map((name) => [
                name,
                used.includes(name) ? valuesOf(name, types) : fc.constant(null),
              ]),
            ),
          )
          .map((row) =>
            isWeighted ? { ...row, w: weightsOf(row.weighted), m: weightsOf(row.marked)?.join(';') ?? null } : row,
          ),
        { minLength: 40, maxLength: 40 },
      ),
    }),
  );

function valuesOf(name: string, types: Readonly<Record<string, Type>>): fc.Arbitrary<unknown> {
  const type = types[name] as Type;
  return name === 'spent' && type === 'double' ? fc.option(large) : VALUES[type];
}

/** As many weights as a list has values, if it is written plainly. */
function weightsOf(value: unknown): number[] | null {
  const items = typeof value === 'string' ? value.replace(/;$/, '').split(';') : value;
  return Array.isArray(items) ? items.map((_, index) => index / 4 + 0.1) : null;
}

function sqlOf(value: unknown): string {
  if (value === null) return 'NULL';
  if (Array.isArray(value)) return `[${value.map(sqlOf).join(', ')}]`;
  if (typeof value === 'string') return literal(value);
  if (typeof value === 'number') return `CAST('${Object.is(value, -0) ? '-0.0' : value}' AS DOUBLE)`;
  return typeof value === 'bigint' ? `CAST('${value}' AS BIGINT)` : String(value);
}

let encoder: Encoder;
beforeAll(async () => {
  const values = WORDS.slice(0, 8).map((word, i) => {
    const list = `['a', 'b', ${literal(word)}]`;
    const label = i % 2;
    return `(${i}, ${label}, ${i === 7 ? 1 : 0}, 'train', ${literal(word)}, ${literal(word)}, ${i}, 'a', ${i}.5, ${i}, ${i * i}, ${list}, 'a|b', ${list}, [1, 2, 3], 'a;b', '1;2', '1,2', ${list}, 'a b', [1, 2], '1;2;3')`;
  });
  const names = ['row', 'click', 'conversion', 'part', ...Object.keys(COLUMNS)].map(identifier).join(', ');
  const path = await place.write('log.parquet', `SELECT * FROM (VALUES ${values.join(', ')}) AS rows(${names})`);
  encoder = (await fitEncoder(place.database, await openLog(place, path, declaration))).encoder;
});

interface Encoded {
  readonly chunk: Pick<EncodedChunk, 'ids' | 'weights' | 'numbers'>;
  readonly positions: readonly number[];
  readonly rejects: readonly (readonly [number, string, string | null])[];
}

async function asFile(
  types: Readonly<Record<string, Type>>,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<Encoded> {
  const { database } = place;
  const name = database.uniqueName('oracle');
  const columns = byPosition(Object.entries(types).map(([column, type]) => ({ name: column, type: SQL_TYPES[type] })));
  const declared = columns.map(({ sql, type }) => `${sql} ${type}`).join(', ');
  await execute(database, `CREATE TABLE ${name} ("#row" BIGINT, ${declared})`);
  const values = rows.map((row, i) => `(${[i, ...columns.map((column) => sqlOf(row[column.name]))].join(', ')})`);
  await execute(database, `INSERT INTO ${name} VALUES ${values.join(', ')}`);
  const { csv: texts } = declaration;
  const relation: Relation = { from: name, columns, isText: false, texts, name, isScored: true };
  const checks = candidateChecks(relation, { ...declaration, ...encoder, log: { ...declaration.log, keys: [] } });
  const failed = await query(
    database,
    `SELECT "#row", "#failed" FROM ${failedRows(relation, checks)} WHERE "#failed" IS NOT NULL ORDER BY "#row"`,
  );
  const rejects = failed.map((row) => {
    const check = checks[Number(row['#failed'])];
    return [Number(row['#row']), String(check?.reason), check?.column ?? null] as const;
  });
  let chunk: Encoded['chunk'] = { ids: {}, weights: {}, numbers: {} };
  let positions: number[] = [];
  for await (const { rowNumbers, ids, weights, numbers } of encodeCandidates(database, relation, checks, encoder)) {
    positions = [...rowNumbers];
    chunk = { ids, weights, numbers };
  }
  await execute(database, `DROP TABLE ${name}`);
  return { chunk, positions, rejects };
}

async function asObjects(rows: readonly Readonly<Record<string, unknown>>[], shared = {}): Promise<Encoded> {
  const objects = await ObjectEncoder.open({ database: place.database, encoder, declaration, tables: [] });
  const { chunk, positions, faults } = await objects.encode(rows, shared);
  objects.close();
  return {
    chunk: { ids: chunk.ids, weights: chunk.weights, numbers: chunk.numbers },
    positions,
    rejects: [...faults].map(([row, { reason, column }]) => [row, reason, column] as const),
  };
}

/** Arrays as bits: NaN is NaN, and -0 is not 0. */
function bits({ chunk, ...rest }: Encoded) {
  const words = (arrays: Readonly<Record<string, Int32Array | Float32Array>>) =>
    Object.fromEntries(
      Object.entries(arrays).map(([name, a]) => [
        name,
        [...new Uint32Array(a.buffer.slice(a.byteOffset, a.byteOffset + a.byteLength))],
      ]),
    );
  if (rest.positions.length === 0) return rest;
  return { ...rest, ids: words(chunk.ids), weights: words(chunk.weights), numbers: words(chunk.numbers) };
}

describe('rows that are objects', () => {
  it('are encoded, or rejected, as the same rows of a file', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async ({ types, rows }) => {
        expect(bits(await asObjects(rows))).toEqual(bits(await asFile(types, rows)));
      }),
      { numRuns: Number(process.env.OBJECT_RUNS ?? 4), seed: Number(process.env.OBJECT_SEED ?? 1), endOnFailure: true },
    );
  });
});
