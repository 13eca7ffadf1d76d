import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { candidateWorkplace, declaration, many } from './candidates.ts';

const shop = candidateWorkplace();
const { place, planOf } = shop;

describe('a plan', () => {
  it.each(['plan.parquet', 'plan.csv'])('divides %s into shards of rows, and is the same after JSON', async (name) => {
    const plan = await planOf(await place.write(name, many(2500)), { shardRows: 1000 });
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    expect(plan.rows).toBe(2500);
    expect(plan.shards.map(({ index, firstRow, rows }) => [index, firstRow, rows])).toEqual([
      [0, 0, 1000],
      [1, 1000, 1000],
      [2, 2000, 500],
    ]);
  });

  it.each([
    [1000, [1000]],
    [1600, [1000, 600]],
    [1601, [1000, 301, 300]],
    [2000, [1000, 700, 300]],
    [2500, [1000, 1000, 500]],
    [2700, [1000, 1000, 400, 300]],
  ])(
    'cuts rows off the last of several shards of Parquet where it has more than twice as many: of %d',
    async (rows, expected) => {
      const plan = await planOf(await place.write('last.parquet', many(rows)), { shardRows: 1000, lastRows: 300 });
      expect(plan.shards.map((shard) => shard.rows)).toEqual(expected);
      const starts = expected.map((_, index) => expected.slice(0, index).reduce((sum, count) => sum + count, 0));
      expect(plan.shards.map(({ index, firstRow }) => [index, firstRow])).toEqual([...starts.entries()]);
    },
  );

  it('divides CSV at the ends of records, not at line ends in quotes', async () => {
    const lines = ['1,"a\nb"', '2,x', '', '3,"c\r\n\r\nd"', '4', '5,"e"'];
    await writeFile(place.at('cuts.csv'), `\ufeffid,text\r\n${lines.join('\r\n')}\r\n`);
    const bytes = await readFile(place.at('cuts.csv'));
    const plan = await planOf(place.at('cuts.csv'), { shardRows: 2 });
    const texts = plan.shards.map(({ bytes: range }) => bytes.toString('utf8', range?.start, range?.end));
    expect(texts).toEqual(['1,"a\nb"\r\n2,x\r\n\r\n', '3,"c\r\n\r\nd"\r\n4\r\n', '5,"e"\r\n']);
    expect(plan).toMatchObject({
      format: 'csv',
      rows: 5,
      dialect: { delimiter: ',', header: ['id', 'text'], bodyStart: 12 },
    });
  });

  it.each(['none.parquet', 'none.csv'])('of %s, which has no rows, has no shards', async (name) => {
    const plan = await planOf(await place.write(name, `${many(1)} WHERE false`), {
      shardRows: 10,
    });
    expect(plan).toMatchObject({ rows: 0, shards: [] });
  });

  it('is refused with every missing column, except those with a value for scoring', async () => {
    const path = await place.write('narrow.parquet', 'SELECT 1 AS user_id, 2 AS price');
    await expect(planOf(path, { shardRows: 10, declaration, encoder: shop.encoder })).rejects.toMatchObject({
      code: 'columns_missing',
      message: `candidate columns missing: item, tags (in ${path})`,
    });
  });

  it('is refused where the file is not a candidate file, with the name for messages', async () => {
    const parquet = await place.write('true.parquet', 'SELECT 1 AS a');
    const refused = (name: string) => planOf(parquet, { shardRows: 10, name });
    await expect(refused('s3://b/x.csv')).rejects.toThrow(
      's3://b/x.csv is a Parquet file, expected CSV by its name: end it in .parquet',
    );
    await expect(refused('s3://b/x.csv.gz')).rejects.toThrow(
      's3://b/x.csv.gz is a Parquet file, expected CSV by its name: end it in .parquet',
    );
    await expect(refused('s3://b/x.json')).rejects.toThrow(
      's3://b/x.json has an unknown extension, expected .parquet, .csv or .csv.gz',
    );
    await writeFile(place.at('open.csv'), 'a,"b\n1,2\n');
    await expect(planOf(place.at('open.csv'), { shardRows: 1, name: 'k.csv' })).rejects.toThrow(
      'quote not closed in k.csv: the header does not end',
    );
  });
});
