import { describe, expect, it } from 'vitest';
import type { VectorFeature } from '../../../lib/config/features/vector.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { declare, encodeAll, openLog, rowsSql, vector, workplace } from '../fixture.ts';

const place = workplace();
const COLUMNS = 'row, click, conversion, part, v';
const NONE = [Number.NaN, Number.NaN, Number.NaN];

async function logOf(name: string, values: readonly string[], options: Partial<VectorFeature> = {}) {
  const all = values.map((value, i) => `${i}, ${i === 0 ? '1, 1' : '0, 0'}, 'train', ${value}`);
  return { path: await place.write(name, rowsSql(COLUMNS, all)), declaration: declare([vector('v', options)]) };
}

/** Returns the numbers of each row. */
async function encoded(...given: Parameters<typeof logOf>) {
  const { path, declaration } = await logOf(...given);
  const { numbers, rows } = await encodeAll(place, path, declaration);
  return Array.from({ length: rows }, (_, row) => [...(numbers.v ?? [])].slice(row * 3, row * 3 + 3));
}

async function rejects(...given: Parameters<typeof logOf>) {
  const { path, declaration } = await logOf(...given);
  const { rejects: all } = await openLog(place, path, declaration);
  return all
    .flatMap(({ reason, examples }) => examples.map(({ row, value }) => `${row} ${reason} ${value}`))
    .toSorted();
}

describe('a vector', () => {
  it.each([
    ['float.parquet', ['[0.1, -2, 3]::FLOAT[]', 'NULL', '[]::FLOAT[]']],
    ['double.parquet', ['[0.1, -2, 3]::DOUBLE[]', 'NULL', '[]::DOUBLE[]']],
    ['array.parquet', ['[0.1, -2, 3]::FLOAT[3]', 'NULL::FLOAT[3]', 'NULL::FLOAT[3]']],
    ['decimal.parquet', ['[0.1, -2, 3]', 'NULL', '[]']],
    ['text-list.parquet', ["['0.1', ' -2 ', '3.0']", 'NULL', '[]']],
    ['written.csv', ["'[0.1, -2, 3]'", 'NULL', "'[]'"]],
    ['numpy.csv', ["'[ 0.1 -2.   3. ]'", 'NULL', "'[]'"]],
  ])('is its numbers, all missing where there is none: %s', async (name, values) => {
    expect(await encoded(name, values)).toEqual([[Math.fround(0.1), -2, 3], NONE, NONE]);
  });

  it.each(['pipes.csv', 'pipes.parquet'])('is a text with a delimiter: %s', async (name) => {
    const values = ["'1|2|3'", "'1|2|3|'", "' 1 | 2e-1 | true'", "''", 'NULL'];
    const second = [1, Math.fround(0.2), 1];
    expect(await encoded(name, values, { delimiter: '|' })).toEqual([[1, 2, 3], [1, 2, 3], second, NONE, NONE]);
  });

  it('has its default in the place of each missing number', async () => {
    const text = ["'1||3'", "'1|2|'", "'||'", "'NA|2|nan'", "''", 'NULL'];
    const filled = [
      [1, -1, 3],
      [1, 2, -1],
      [-1, -1, -1],
      [-1, 2, -1],
      [-1, -1, -1],
      [-1, -1, -1],
    ];
    expect(await encoded('default.csv', text, { delimiter: '|', missing: -1 })).toEqual(filled);
    const lists = ['[1, NULL, 3]', '[1, 2, nan]', '[NULL, NULL, NULL]', '[nan, 2, nan]', '[]', 'NULL'].map(
      (sql) => `CAST(${sql.replaceAll('nan', "'nan'::DOUBLE")} AS DOUBLE[])`,
    );
    expect(await encoded('default.parquet', lists, { missing: -1 })).toEqual(filled);
  });

  it('is bad if it has more or fewer numbers, or one that is missing or none', async () => {
    const values = ["'1|2'", "'1|2|3|4'", "'1||3'", "'1|x|3'", "'1|2|inf'", "'1|2|3'"];
    expect(await rejects('bad.csv', values, { delimiter: '|' })).toEqual([
      '0 vector_length 1|2',
      '1 vector_length 1|2|3|4',
      '2 vector_not_valid 1||3',
      '3 vector_not_valid 1|x|3',
      '4 vector_not_valid 1|2|inf',
    ]);
    const lists = ['[1, 2]::DOUBLE[]', '[1, NULL, 3]', "[1, 'nan'::DOUBLE, 3]", "[1, 2, 'inf'::DOUBLE]", '[1, 2, 3]'];
    expect(await rejects('bad.parquet', lists)).toEqual([
      '0 vector_length [1.0, 2.0]',
      '1 vector_not_valid [1.0, NULL, 3.0]',
      '2 vector_not_valid [1.0, nan, 3.0]',
      '3 vector_not_valid [1.0, 2.0, inf]',
    ]);
    expect(await rejects('default-bad.csv', ["'1|2'", "'1|x|3'", "'1||3'"], { delimiter: '|', missing: 0 })).toEqual([
      '0 vector_length 1|2',
      '1 vector_not_valid 1|x|3',
    ]);
    expect(await rejects('large.csv', ["'1|2|1e39'", "'1|2|3'"], { delimiter: '|' })).toEqual([
      '0 vector_not_valid 1|2|1e39',
    ]);
    expect(await rejects('no-list.csv', ["'1;2;3'"])).toEqual(['0 list_not_written 1;2;3']);
  });

  it('is refused where its items are no numbers', async () => {
    await expect(rejects('dates.parquet', ["[DATE '2026-01-01']"])).rejects.toThrow(
      /^log columns of a wrong type: v is DATE\[\], expected a list of numbers or text \(in .*dates.parquet\)$/,
    );
  });

  it('is standardised place by place, by the rows that have one', async () => {
    const values = ['[1, 10, 5]::FLOAT[]', '[3, 10, 7]', 'NULL'];
    const { path, declaration } = await logOf('moments.parquet', values, { standardize: true });
    const { encoder, summary, distributions } = await fitEncoder(
      place.database,
      await openLog(place, path, declaration),
    );
    expect(encoder.inputs).toMatchObject([{ kind: 'vector', length: 3, means: [2, 10, 6], deviations: [1, 1, 1] }]);
    expect(summary.missing).toEqual({ v: 1 });
    // What is reported of a vector is that of the mean of its values.
    expect(distributions.v).toMatchObject({
      kind: 'number',
      rows: 3,
      missing: 1,
      values: [Math.fround(16 / 3), Math.fround(20 / 3)],
    });
  });
});
