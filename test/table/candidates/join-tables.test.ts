import { mkdtemp } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { CSV_DEFAULTS } from '../../../lib/config/sections/csv.ts';
import {
  joinTables,
  lackedColumns,
  neededBuckets,
  type TableRows,
  tableColumns,
  tableFeatures,
  writeNeededRows,
} from '../../../lib/table/candidates/join-tables.ts';
import { candidateChecks, firstFailedSql } from '../../../lib/table/check/check-rows.ts';
import { checkCandidateColumns } from '../../../lib/table/check/required-columns.ts';
import { byPosition, type Relation } from '../../../lib/table/columns.ts';
import { query } from '../../../lib/table/database.ts';
import { openSource } from '../../../lib/table/source/source.ts';
import { bag, category, cross, LOG_DEFAULTS, number, rowsSql, workplace } from '../fixture.ts';
import { tableOf, USER } from './table-of.ts';

const place = workplace();
const LOG = { ...LOG_DEFAULTS, keys: [] };
const ITEM = { entity: 'item', key: 'item_id', missing: 'reject' } as const;

async function rowsOf(name: string, sql: string): Promise<Relation> {
  return (await openSource(place.database, await place.write(name, sql))).relation;
}

async function joined(relation: Relation, tables: readonly TableRows[]) {
  const result = await joinTables(place.database, relation, tables, await mkdtemp(place.at('joined-')));
  const named = result.columns.map(({ name, sql }) => `${sql} AS "${name}"`).join(', ');
  return {
    relation: result,
    rows: await query(place.database, `SELECT COLUMNS('^#.*'), ${named} FROM ${result.from}`),
  };
}

describe('the features that a table can provide', () => {
  const features = [
    number('age', { entity: 'user' }),
    bag('history', { weights: 'counts' }),
    category('user_id'),
    category('item_id', { entity: 'user' }),
    category('mood', { atScoring: 'calm' }),
    category('hour', { entity: 'context' }),
    number('price'),
  ];

  it('are those of its entity, except keys and columns with a value for scoring', () => {
    expect(tableFeatures(USER, [USER, ITEM], features).map(({ name }) => name)).toEqual(['age', 'history']);
    expect(tableFeatures(ITEM, [USER, ITEM], features).map(({ name }) => name)).toEqual(['price']);
  });

  it('include crosses with a column that is neither a key nor has a value for scoring', () => {
    const of = [{ column: 'user_id' }, { column: 'city' }, { column: 'mood', atScoring: 'calm' }];
    const own = [
      cross('mood_of_city', [], { entity: 'user', of }),
      cross('key_alone', ['user_id'], { entity: 'user' }),
    ];
    const asked = tableFeatures(USER, [USER, ITEM], [...own, cross('of_both', ['city', 'price'])]);
    expect(asked.map(({ name }) => name)).toEqual(['mood_of_city']);
    expect(lackedColumns(asked, [USER, ITEM], [])).toEqual(['city']);
  });

  it('have columns that the file lacks, each of which is looked for once', () => {
    const user = tableFeatures(USER, [USER, ITEM], features);
    expect(
      lackedColumns(
        [...user, number('years', { column: 'age' })],
        [USER, ITEM],
        [{ name: 'history', type: 'VARCHAR' }],
      ),
    ).toEqual(['age', 'counts']);
  });

  it('are found in another case, in the file and in the table', () => {
    const user = tableFeatures(USER, [USER, ITEM], features);
    expect(lackedColumns(user, [USER, ITEM], [{ name: 'AGE', type: 'BIGINT' }])).toEqual(['history', 'counts']);
    const columns = byPosition(['user_id', 'Counts', 'extra'].map((name) => ({ name, type: 'BIGINT' })));
    expect(tableColumns(['age', 'counts'], { columns, name: 'features/user/' })).toEqual([
      { name: 'counts', type: 'BIGINT', sql: 'c1' },
    ]);
  });
});

describe('a join', () => {
  it('adds the columns of two tables, and marks rows whose user or item is unknown', async () => {
    const rows = await rowsOf(
      'two.parquet',
      rowsSql('user_id, item_id, hour', ["7, 'a', 1", "8, 'b', 2", "NULL, 'c', 3"]),
    );
    const users = await tableOf(place, 'u.parquet', rowsSql('user_id, age', ['8, 30', '7, NULL']));
    const items = await tableOf(place, 'i.parquet', rowsSql('item_id, price', ["'a', 1.5", "'c', 2.5"]), ITEM);
    const { relation, rows: got } = await joined(rows, [users, items]);
    const no = { '#malformed': null, '#malformed_value': null };
    expect(got).toEqual([
      {
        '#row': 0n,
        user_id: 7,
        item_id: 'a',
        hour: 1,
        ...no,
        age: null,
        '#unknown_user': false,
        price: expect.anything(),
        '#unknown_item': false,
      },
      {
        '#row': 1n,
        user_id: 8,
        item_id: 'b',
        hour: 2,
        ...no,
        age: 30,
        '#unknown_user': false,
        price: null,
        '#unknown_item': true,
      },
      {
        '#row': 2n,
        user_id: null,
        item_id: 'c',
        hour: 3,
        ...no,
        age: null,
        '#unknown_user': true,
        price: expect.anything(),
        '#unknown_item': false,
      },
    ]);
    expect(relation.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'user_id INTEGER',
      'item_id VARCHAR',
      'hour INTEGER',
      'age INTEGER',
      'price DECIMAL(2,1)',
    ]);
    const checks = candidateChecks(relation, { log: LOG, features: [], embeddings: [] });
    expect(checks.map(({ reason, column, expected }) => [reason, column, expected])).toEqual([
      ['unknown_item', 'item_id', 'a key of the table features/item/'],
    ]);
    expect(await query(place.database, `SELECT ${firstFailedSql(checks)} AS failed FROM ${relation.from}`)).toEqual([
      { failed: null },
      { failed: 0 },
      { failed: null },
    ]);
  });

  it.each([
    ['INTEGER', 'BIGINT', '7'],
    ['INTEGER', 'VARCHAR', '7'],
    ['VARCHAR', 'UBIGINT', '7'],
    ['DECIMAL(18,0)', 'SMALLINT', '7'],
    ['DECIMAL(18,2)', 'VARCHAR', '7'],
    ['VARCHAR', 'VARCHAR', '007'],
    ['UUID', 'VARCHAR', '11111111-2222-3333-4444-555555555555'],
    ['BIGINT', 'VARCHAR', '9007199254740993'],
  ])(
    'of candidates with a key of type %s and a table with a key of type %s finds the user',
    async (candidate, table, key) => {
      const rows = await rowsOf('types.parquet', `SELECT CAST('${key}' AS ${candidate}) AS user_id`);
      const users = await tableOf(place, 'types-u.parquet', `SELECT CAST('${key}' AS ${table}) AS user_id, 1 AS age`);
      expect((await joined(rows, [users])).rows).toMatchObject([{ age: 1, '#unknown_user': false }]);
    },
  );

  it('of candidates in CSV with a table in Parquet finds the users', async () => {
    const rows = await rowsOf('pairs.csv', rowsSql('user_id, item_id', ["7, 'a'", "NULL, 'b'", "9, 'c'"]));
    const users = await tableOf(place, 'csv-u.parquet', rowsSql('user_id, age', ['7::BIGINT, 1', '9, 2']));
    expect((await joined(rows, [users])).rows.map(({ age }) => age)).toEqual([1, null, 2]);
  });

  it.each([
    ['DOUBLE', '9007199254740992', '9007199254740994'],
    ['FLOAT', '16777216', '16777218'],
  ])('rejects keys of type %s that may have been rounded', async (type, exact, rounded) => {
    const keys = [`${exact}::${type}`, `${rounded}::${type}`, `'NaN'::${type}`];
    const rows = await rowsOf(`${type}.parquet`, rowsSql('user_id', keys));
    const users = await tableOf(place, `${type}-u.parquet`, rowsSql('user_id, age', [`${exact}, 1`, `${rounded}, 2`]));
    for (const missing of ['reject', 'unknown'] as const) {
      const { relation } = await joined(rows, [{ ...users, entity: { ...USER, missing } }]);
      const checks = candidateChecks(relation, { log: LOG, features: [], embeddings: [] });
      const failed = await query(place.database, `SELECT ${firstFailedSql(checks)} AS failed FROM ${relation.from}`);
      expect(failed.map(({ failed: index }) => checks[Number(index ?? -1)]?.reason)).toEqual([
        undefined,
        'key_not_exact',
        missing === 'reject' ? 'unknown_user' : undefined,
      ]);
    }
  });

  it.each(['BOOLEAN', 'DATE'])('is refused for a key of type %s', (type) => {
    const relation = {
      from: '',
      columns: byPosition([{ name: 'user_id', type }]),
      isText: false,
      texts: CSV_DEFAULTS,
      name: 'x.parquet',
      joined: [{ ...USER, place: '' }],
    };
    expect(() => checkCandidateColumns(relation, { log: LOG }, [])).toThrow(
      `candidate columns of a wrong type: user_id is ${type}, expected a number or text (in x.parquet)`,
    );
  });
});

describe('the needed rows of a table', () => {
  it('are in the buckets of the published hash, and no other rows are written', async () => {
    const rows = await rowsOf('some.parquet', rowsSql('user_id', ["'3'", "'1'", "'3'", 'NULL', "'99'"]));
    // int.from_bytes(hashlib.md5(f'0:{key}'.encode()).digest()[8:], 'little') % 4 in Python: 1 for both 1 and 3, 3 for
    // 99.
    expect(await neededBuckets(place.database, rows, USER, 4)).toEqual([1, 3]);
    const users = await tableOf(
      place,
      'all-u.parquet',
      'SELECT i AS user_id, i * 10 AS age, i AS other FROM range(10) t(i)',
    );
    const path = place.at('needed.parquet');
    await writeNeededRows(place.database, rows, { ...users, columns: users.columns.slice(0, 1) }, path);
    expect(await query(place.database, `SELECT * FROM read_parquet('${path}') ORDER BY c0`)).toEqual([
      { c0: 1n, c1: 10n },
      { c0: 3n, c1: 30n },
    ]);
  });
});
