import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { checkEntityTable, writeBuckets } from '../../../lib/table/candidates/entity-table.ts';
import { bag, category, declare, number, rowsSql, table, workplace } from '../fixture.ts';

const place = workplace();
const USER = { entity: 'user', key: 'user_id', missing: 'reject' } as const;
const declaration = declare(
  [
    number('age', { entity: 'user' }),
    bag('history'),
    category('segment', { embedding: 'segment' }),
    category('position', { atScoring: 1 }),
    number('price'),
  ],
  { entities: [USER], embeddings: [table('segment', { kind: 'ids', size: 10 })] },
);

const check = (path: string) => checkEntityTable(place.database, path, USER, declaration);
const users = (...rows: readonly string[]) => rowsSql('user_id, age, history, segment', rows);

/** Returns the buckets of a table, with the rows and the SHA-256 of each file. */
async function bucketsOf(path: string, buckets: number) {
  const found: { bucket: number; rows: number; content: readonly Record<string, unknown>[]; sha256: string }[] = [];
  const folder = await mkdtemp(place.at('buckets-'));
  for await (const { bucket, path: file, rows } of writeBuckets(place.database, await check(path), buckets, folder)) {
    const copy = `${folder}/copy-${bucket}.parquet`;
    await copyFile(file, copy);
    const sha256 = createHash('sha256')
      .update(await readFile(copy))
      .digest('hex');
    found.push({ bucket, rows, content: await place.read(copy), sha256 });
  }
  return found;
}

describe('a table of users', () => {
  it('may have columns that no feature reads, and keeps them', async () => {
    const path = await place.write('more.parquet', `SELECT *, 'x' AS note FROM (${users("7, 30, ['a'], 1")})`);
    expect(await check(path)).toMatchObject({
      entity: 'user',
      key: { name: 'user_id', type: 'INTEGER' },
      columns: [{ name: 'user_id' }, { name: 'age' }, { name: 'history' }, { name: 'segment' }, { name: 'note' }],
      rows: 1,
    });
  });

  it('is refused with every column that is missing', async () => {
    const path = await place.write('missing.parquet', 'SELECT 1 AS age');
    await expect(check(path)).rejects.toMatchObject({
      code: 'columns_missing',
      message: `table columns missing: user_id, history, segment (in ${path})`,
    });
  });

  it('is refused with every column of a wrong type', async () => {
    const path = await place.write(
      'types.parquet',
      rowsSql('user_id, age, history, segment', ["true, DATE '2026-05-01', 7, 1"]),
    );
    await expect(check(path)).rejects.toMatchObject({
      code: 'column_types',
      message: `table columns of a wrong type: user_id is BOOLEAN, expected a number or text; age is DATE, expected a number: a time must be turned into one first, such as its age in days or its hour; history is INTEGER, expected a list or text (in ${path})`,
    });
  });

  it('is refused with all that is wrong with its rows, and examples', async () => {
    const rows = [
      "'7', 30, ['a'], 1",
      "'8', 1, [], 2",
      'NULL, 2, [], 3',
      "'8.0', 'inf'::DOUBLE, [], 4",
      "'7', 5, [], 5",
      "'9', 5, [], 1.5",
    ];
    const typed = `SELECT * REPLACE (segment::DOUBLE AS segment) FROM (${users(...rows)})`;
    const path = await place.write('rows.parquet', typed);
    await expect(check(path)).rejects.toMatchObject({
      code: 'table_rows',
      message:
        'table rows cannot be used: ' +
        'id_not_integer in segment: 1 row, got "1.5", expected an integer, in row 5; ' +
        'missing_key in user_id: 1 row, got nothing, expected a value, in row 2; ' +
        'number_not_finite in age: 1 row, got "inf", expected a finite number, in row 3; ' +
        `user_id is repeated: 2 keys, "7" in rows 0 and 4, "8" in rows 1 and 3 (rows count from 0, in ${path})`,
    });
  });

  it('is refused with floating keys that may have been rounded', async () => {
    const path = await place.write('floating.parquet', users("7::DOUBLE, 30, ['a'], 1", "1e16, 30, ['a'], 1"));
    await expect(check(path)).rejects.toThrow(
      `table rows cannot be used: key_not_exact in user_id: 1 row, got "1e+16", expected an integer or text: neighbouring integers are one floating number, in row 1 (rows count from 0, in ${path})`,
    );
  });

  it('in CSV is refused where a row is malformed', async () => {
    const text = 'user_id,age,history,segment\n1,30,a,1\n2,30\n';
    await writeFile(place.at('ragged.csv'), text);
    const delimited = { ...declaration, features: [number('age', { entity: 'user' })] };
    await expect(checkEntityTable(place.database, place.at('ragged.csv'), USER, delimited)).rejects.toThrow(
      `table rows cannot be used: field_count: 1 row, got "2 fields", expected 4 fields, in row 1 (rows count from 0, in ${place.at('ragged.csv')})`,
    );
  });
});

describe('the buckets of a table', () => {
  const hundred = "SELECT i AS user_id, i / 2.0 AS age, ['a'] AS history, i % 10 AS segment FROM range(100) t(i)";

  it('have each user once, in the bucket of the published hash of the key, in the order of the keys as text', async () => {
    const buckets = await bucketsOf(await place.write('hundred.parquet', hundred), 4);
    expect(buckets.map(({ bucket }) => bucket)).toEqual([0, 1, 2, 3]);
    expect(buckets.reduce((sum, { rows }) => sum + rows, 0)).toBe(100);
    for (const { bucket, content } of buckets) {
      const keys = content.map(({ user_id }) => String(user_id));
      expect(keys).toEqual(keys.toSorted());
      expect(keys.map(bucketOf4)).toEqual(keys.map(() => bucket));
    }
  });

  it('are the same bytes for the same users in another order', async () => {
    const digests = async (name: string, sql: string) =>
      (await bucketsOf(await place.write(name, sql), 2)).map(({ sha256 }) => sha256);
    const backwards = await digests('backwards.parquet', `${hundred} ORDER BY i DESC`);
    expect(backwards).toEqual(await digests('forwards.parquet', hundred));
  });

  it('have no file if they have no row', async () => {
    const path = await place.write('one.parquet', users("7, 30, ['a'], 1"));
    expect((await bucketsOf(path, 1000)).map(({ bucket, rows }) => [bucket, rows])).toEqual([
      [bucketOf('7', 1000n), 1],
    ]);
  });
});

/**
 * The bucket by the published hash, computed here: the last eight bytes of the md5 as an unsigned little-endian
 * integer.
 */
function bucketOf(key: string, buckets: bigint): number {
  return Number(createHash('md5').update(`0:${key}`).digest().readBigUInt64LE(8) % buckets);
}

function bucketOf4(key: string): number {
  return bucketOf(key, 4n);
}
