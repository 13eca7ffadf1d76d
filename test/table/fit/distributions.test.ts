import { describe, expect, it } from 'vitest';
import type { Declaration } from '../../../lib/config/declaration.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { bag, category, declare, number, openLog, table, vocabulary, workplace } from '../fixture.ts';

const place = workplace();

async function distributions(name: string, columns: string, rows: number, declaration: Declaration) {
  const sql = `SELECT i AS row, CASE WHEN i % 10 = 0 THEN 'test' ELSE 'train' END AS part,
    CAST(i % 3 = 0 AS INTEGER) AS click, CAST(i % 9 = 0 AS INTEGER) AS conversion, ${columns} FROM range(${rows}) t(i)`;
  const log = await openLog(place, await place.write(name, sql), declaration);
  return (await fitEncoder(place.database, log)).distributions;
}

describe('the distribution of a number', () => {
  it('has a thousand of its training values, at even ranks', async () => {
    const { x } = await distributions('ranks.parquet', 'CAST(i AS DOUBLE) AS x', 20_000, declare([number('x')]));
    if (x?.kind !== 'number') throw new Error('x is no number');
    expect([x.rows, x.missing, x.values.length]).toEqual([18_000, 0, 1000]);
    // The k-th value has the rank (k + 1/2) / 1000 among the 18,000 training rows, which leave out every tenth number.
    const training = Array.from({ length: 20_000 }, (_, i) => i).filter((i) => i % 10 !== 0);
    expect(x.values).toEqual(Array.from({ length: 1000 }, (_, k) => training[18 * k + 9]));
  });

  it('has each value in proportion to its frequency, and counts missing values separately', async () => {
    const columns = 'CASE WHEN i % 4 = 0 THEN NULL WHEN i % 4 = 1 THEN 5.0 ELSE 7.5 END AS x';
    const { x } = await distributions('few.parquet', columns, 400, declare([number('x')]));
    if (x?.kind !== 'number') throw new Error('x is no number');
    // Every fourth of 400 rows has no value; 80 of these 100 are among the 360 training rows.
    expect([x.rows, x.missing, x.values.length]).toEqual([360, 80, 280]);
    expect(x.values.filter((value) => value === 5)).toHaveLength(100);
    expect(x.values.filter((value) => value === 7.5)).toHaveLength(180);
  });
});

describe('the distribution of values', () => {
  it('counts each of the most frequent values, and all values together', async () => {
    const columns = `CASE WHEN i % 6 = 1 THEN NULL ELSE 'v' || (i % 3) END AS a`;
    expect(await distributions('values.parquet', columns, 300, declare([category('a')]))).toEqual({
      a: {
        kind: 'values',
        rows: 270,
        missing: 50,
        total: 220,
        top: [
          [expect.stringMatching(/^#[0-9A-F]+$/), 90, 'v0'],
          [expect.stringMatching(/^#[0-9A-F]+$/), 90, 'v2'],
          [expect.stringMatching(/^#[0-9A-F]+$/), 40, 'v1'],
        ],
      },
    });
  });

  it('has two hundred values at most', async () => {
    const { a } = await distributions('many.parquet', `'v' || (i % 500) AS a`, 3000, declare([category('a')]));
    if (a?.kind !== 'values') throw new Error('a has no values');
    expect([a.total, a.top.length]).toEqual([2700, 200]);
  });

  it('counts every value of a bag', async () => {
    const columns = `CASE WHEN i % 2 = 0 THEN ['x', 'y'] ELSE [] END AS b`;
    const { b } = await distributions('bags.parquet', columns, 200, declare([bag('b')]));
    expect(b).toEqual({
      kind: 'values',
      rows: 180,
      missing: 100,
      total: 160,
      top: [
        [expect.stringMatching(/^#[0-9A-F]+$/), 80, 'x'],
        [expect.stringMatching(/^#[0-9A-F]+$/), 80, 'y'],
      ],
    });
  });

  it('has only hashes of values where the model has no vocabulary', async () => {
    const declaration = declare([category('user')], {
      embeddings: [table('user', { kind: 'hash', buckets: 8, seed: 0 })],
    });
    const { user } = await distributions('hashed.parquet', `'anna' AS "user"`, 200, declaration);
    if (user?.kind !== 'values') throw new Error('user has no values');
    expect(user.top).toHaveLength(1);
    // python: '%X' % int.from_bytes(hashlib.md5(b'0:anna').digest()[8:], 'little')
    expect(user.top[0]?.[2]).toBeNull();
    expect(user.top[0]?.[0]).toBe('#39F60F89B9386A4D');
  });

  it('has only hashes of values that are too rare for the vocabulary', async () => {
    const declaration = declare([category('mail')], {
      embeddings: [table('mail', vocabulary({ minCount: 50 }))],
    });
    const columns = `CASE WHEN i % 4 = 0 THEN 'person' || i || '@mail.example' ELSE 'none' END AS mail`;
    const found = await distributions('rare.parquet', columns, 400, declaration);
    expect(JSON.stringify(found)).toContain('"none"');
    expect(JSON.stringify(found)).not.toContain('@');
  });

  it('exists for features with names of properties that every object has', async () => {
    const columns = `'x' AS "toString", 'y' AS "__proto__"`;
    const found = await distributions(
      'odd.parquet',
      columns,
      200,
      declare([category('toString'), category('__proto__')]),
    );
    expect(Object.keys(found)).toEqual(['toString', '__proto__']);
  });
});
