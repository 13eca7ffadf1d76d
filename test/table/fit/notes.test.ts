/** The notes of a log's summary on rows and values. */
import { describe, expect, it } from 'vitest';
import type { Declaration, Feature } from '../../../lib/config/declaration.ts';
import { summarizeLog } from '../../../lib/table/fit/summary.ts';
import { bag, category, declare, LOG_DEFAULTS, number, openLog, workplace } from '../fixture.ts';

const place = workplace();

/** Returns the notes of a log of 2,000 training rows with a column `x`, given by SQL over `i` and a random `r` below 1. */
async function notesOf(name: string, x: string, features: readonly Feature[], options: Partial<Declaration> = {}) {
  const path = await place.write(
    name,
    `SELECT i AS row, i % 100 AS user, i % 5 // 4 AS click, i % 10 // 9 AS conversion, 'train' AS part, ${x} AS x
     FROM (SELECT i, (i * 7919 % 10007) / 10007 AS r FROM range(2000) t(i))`,
  );
  const log = await openLog(place, path, declare(features, options));
  return (await summarizeLog(place.database, log)).summary.notes;
}

describe('rows that repeat the keys of another row', () => {
  it('are counted, with the first of them', async () => {
    const log = { ...LOG_DEFAULTS, keys: ['user', 'x'] };
    expect(await notesOf('repeated.parquet', 'CASE WHEN i >= 1990 THEN i - 1000 ELSE i END', [], { log })).toEqual([
      '10 rows repeat the keys of another row (user, x): rows 990 and 1,990 are alike (from 0)',
    ]);
    expect(await notesOf('once.parquet', 'CASE WHEN i = 1999 THEN 99 ELSE i END', [], { log })).toEqual([
      '1 row repeats the keys of another row (user, x): rows 99 and 1,999 are alike (from 0)',
    ]);
    expect(await notesOf('unlike.parquet', 'i', [], { log })).toEqual([]);
  });
});

describe('a number far from all others', () => {
  const sentence = 'which makes the feature useless: declare clip';
  it.each([
    [
      '1e30',
      'CASE WHEN i = 7 THEN 1e30 ELSE r END',
      `x: 1 of 2,000 rows is beyond 1e6 deviations (1e+30 in row 7), ${sentence}`,
    ],
    [
      '-3.4e38, twice',
      'CASE WHEN i IN (7, 9) THEN -3.4e38 ELSE r END',
      `x: 2 of 2,000 rows are beyond 1e6 deviations (-3.4e+38 in row 7), ${sentence}`,
    ],
    [
      '1e9 among many zeros',
      'CASE WHEN i = 7 THEN 1e9 WHEN i % 500 = 1 THEN i % 7 + 1 ELSE 0 END',
      `x: 1 of 2,000 rows is beyond 1e6 deviations (1000000000 in row 7), ${sentence}`,
    ],
    [
      'ten thousand times the range',
      'CASE WHEN i = 7 THEN 10000 ELSE r END',
      'x: 1 of 2,000 rows is beyond 100 deviations (10000 in row 7), which makes all other values look alike: declare clip or log1p',
    ],
  ])('is told: %s', async (name, x, note) => {
    expect(await notesOf(`far-${name}.parquet`, x, [number('x')])).toEqual([note]);
  });

  it.each([
    ['clip', number('x', { clip: [0, 1] })],
    ['quantiles', number('x', { embedding: 'x' })],
  ])('is harmless with %s', async (name, feature) => {
    const embeddings = [{ name: 'x', dimension: 4, ids: { kind: 'quantiles', count: 4 } }] as const;
    const x = 'CASE WHEN i = 7 THEN 1e30 ELSE r END';
    expect(await notesOf(`clip-${name}.parquet`, x, [feature], { embeddings })).toEqual([]);
  });

  it('is harmless with log1p where the logarithm is in reach, and told where it is not', async () => {
    const feature = number('x', { log1p: true });
    expect(await notesOf('log.parquet', 'CASE WHEN i = 7 THEN 10000 ELSE 10 * r END', [feature])).toEqual([]);
    expect(await notesOf('log-far.parquet', 'CASE WHEN i = 7 THEN 1e30 ELSE r / 10 END', [feature])).toEqual([
      'x: 1 of 2,000 rows is beyond 100 deviations (1e+30 in row 7), which makes all other values look alike: declare clip or log1p',
    ]);
  });

  it.each([
    ['evenly distributed', 'r'],
    ['of a normal distribution', 'sqrt(-2 * ln(r + 1e-9)) * cos(6.283185 * (i * 31 % 1009) / 1009)'],
    ['counts, most of them zero', 'CASE WHEN r < 0.95 THEN 0 ELSE i % 9 END'],
    ['0 or 1', 'CASE WHEN r < 0.999 THEN 0 ELSE 1 END'],
    ['of a heavy tail', 'exp(2 * sqrt(-2 * ln(greatest(r, 1e-3))) * cos(6.283185 * (i * 31 % 1009) / 1009))'],
    ['missing', 'CASE WHEN r < 0.999 THEN NULL ELSE r END'],
  ])('is not found among numbers that are %s', async (name, x) => {
    expect(await notesOf(`usual-${name}.parquet`, x, [number('x')])).toEqual([]);
  });

  it.each([
    ['-999', 'CASE WHEN i % 50 = 0 THEN -999 ELSE 18 + i % 60 END', 'x: -999 in 40 of 2,000 rows'],
    ['999999', 'CASE WHEN i % 3 = 0 THEN 999999 ELSE 20000 + r * 90000 END', 'x: 999999 in 667 of 2,000 rows'],
    ['a year of 0', 'CASE WHEN i % 10 = 0 THEN 0 ELSE 1960 + i % 45 END', 'x: 0 in 200 of 2,000 rows'],
  ])('may stand for a missing value where many rows have it: %s', async (name, x, what) => {
    expect(await notesOf(`sentinel-${name}.parquet`, x, [number('x')])).toEqual([
      `${what} is far from all other values: if it means missing, leave it empty`,
    ]);
  });
});

describe('a feature', () => {
  it('without any value in the training rows is told', async () => {
    const x = 'CAST(NULL AS VARCHAR)';
    expect(await notesOf('empty.parquet', x, [category('x')])).toEqual(['x: no training row has a value']);
    expect(await notesOf('empty-number.parquet', 'CAST(NULL AS DOUBLE)', [number('x')])).toEqual([
      'x: no training row has a value',
    ]);
  });

  it('with one value in all training rows is told', async () => {
    expect(await notesOf('one.parquet', "'gold'", [category('x')])).toEqual([
      'x: every training row has the same value, "gold"',
    ]);
    expect(await notesOf('one-number.parquet', '7', [number('x')])).toEqual([
      'x: every training row has the same value, "7"',
    ]);
    expect(await notesOf('one-or-none.parquet', "CASE WHEN i % 2 = 0 THEN 'gold' END", [category('x')])).toEqual([]);
  });
});

describe('a bag', () => {
  it('whose values are cut is told, with the share', async () => {
    const list = 'list_transform(range(i % 7), lambda n: n + i)';
    expect(await notesOf('cut.parquet', list, [bag('x', { maxLength: 3 })])).toEqual([
      'x: 28.5% of the values are cut (max_length 3, the first are kept)',
    ]);
    expect(await notesOf('last.parquet', list, [bag('x', { maxLength: 3, keep: 'last' })])).toEqual([
      'x: 28.5% of the values are cut (max_length 3, the last are kept)',
    ]);
    expect(await notesOf('whole.parquet', list, [bag('x', { maxLength: 6 })])).toEqual([]);
  });

  it.each(['delimiter.parquet', 'delimiter.csv'])('whose delimiter occurs nowhere is told: %s', async (name) => {
    const feature = bag('x', { delimiter: ';' });
    const x = (delimiter: string) => `CASE WHEN i % 2 = 0 THEN concat('a', i % 9, '${delimiter}b') END`;
    expect(await notesOf(name, x('|'), [feature])).toEqual([
      'x: the delimiter ";" occurs in none of 1,000 values, such as "a0|b"',
    ]);
    expect(await notesOf(`found-${name}`, x(';'), [feature])).toEqual([]);
  });

  it('of a list needs no delimiter', async () => {
    expect(await notesOf('list.parquet', "['a' || i % 9]", [bag('x', { delimiter: ';' })])).toEqual([]);
  });
});
