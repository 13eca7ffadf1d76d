import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { CandidatePlan } from '../../../lib/table/candidates/plan.ts';
import { type ScoreRowsOptions, scoreRows } from '../../../lib/table/candidates/score-shard.ts';
import { literal, query } from '../../../lib/table/database.ts';
import type { EncodedChunk } from '../../../lib/table/encoded.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { localCandidate } from '../../../lib/table/formats/candidate-file.ts';
import { bag, declare, number, openLog, rowsSql } from '../fixture.ts';
import { candidateWorkplace, declaration, many } from './candidates.ts';

const shop = candidateWorkplace();
const { place, planOf } = shop;

/** A model that is a simple function of its inputs, so that a score shows which row it belongs to. */
async function predict(chunk: EncodedChunk) {
  const pctr = new Float32Array(chunk.rows);
  for (let i = 0; i < chunk.rows; i += 1) pctr[i] = (chunk.numbers.price?.[i] ?? 0) / 1e6;
  return {
    pctr,
    pcvr: Float32Array.from(chunk.ids.item ?? [], Number),
    position: Float32Array.from(chunk.ids.position ?? [], Number),
  };
}

const OUTPUTS = ['pctr', 'pcvr'];

async function score(
  path: string,
  plan: CandidatePlan,
  index: number,
  options: Partial<Pick<ScoreRowsOptions, 'declaration' | 'encoder' | 'outputs' | 'predict'>> = {},
) {
  const shard = plan.shards[index];
  if (shard === undefined) throw new Error(`plan has no shard ${index}`);
  const [scoresPath, rejectsPath] = [
    place.at(`scores-${index}.parquet`),
    place.at(`${path.replace(/\W/g, '')}-rejects-${index}.parquet`),
  ];
  const result = await scoreRows({
    database: place.database,
    file: await localCandidate(path),
    plan,
    shard,
    declaration,
    encoder: shop.encoder,
    predict,
    outputs: OUTPUTS,
    scoresPath,
    rejectsPath,
    ...options,
  });
  return { result, scoresPath, rejectsPath, rows: await place.read(scoresPath) };
}

async function schema(path: string) {
  const described = await query(place.database, `DESCRIBE SELECT * FROM read_parquet(${literal(path)})`);
  return described.map((row) => `${row.column_name} ${row.column_type}`);
}

describe('scores', () => {
  it('are written with the keys in their own types, in the order of the file', async () => {
    const path = await place.write(
      'typed.parquet',
      rowsSql('item, user_id, price, tags, position', [
        "'b', 7::UTINYINT, 3.0, 'y', 2",
        "'new', 8, 1.0, NULL, 1",
        "'a', 9, 2.0, '', 1",
      ]),
    );
    const plan = await planOf(path, { shardRows: 10 });
    const { result, rows, scoresPath, rejectsPath } = await score(path, plan, 0);
    expect(result).toEqual({
      rowsIn: 3,
      scored: 3,
      rejected: 0,
      rejectedByReason: {},
      features: {
        item: { rows: 3, missing: 0, values: 3, unknown: 1 },
        price: { rows: 3, missing: 0, values: 3, unknown: null },
        tags: { rows: 3, missing: 2, values: 1, unknown: 0 },
        position: { rows: 3, missing: 0, values: 3, unknown: 0 },
      },
      outputs: {
        pctr: {
          rows: 3,
          sum: expect.closeTo(6e-6, 12),
          sumOfSquares: expect.closeTo(14e-12, 17),
          bins: { from: 0, values: [3] },
        },
        pcvr: { rows: 3, sum: 6, sumOfSquares: 14, bins: { from: 63, values: [3] } },
      },
      repeatedKeys: 0,
    });
    expect(await schema(scoresPath)).toEqual(['user_id UTINYINT', 'item VARCHAR', 'pctr FLOAT', 'pcvr FLOAT']);
    expect(rows).toEqual([
      { user_id: 7, item: 'b', pctr: Math.fround(3e-6), pcvr: 2 },
      { user_id: 8, item: 'new', pctr: Math.fround(1e-6), pcvr: 1 },
      { user_id: 9, item: 'a', pctr: Math.fround(2e-6), pcvr: 3 },
    ]);
    expect(existsSync(rejectsPath)).toBe(false);
  });

  it.each(['br[1].parquet', 'a*.parquet', 'b\\s[1].parquet', 'br[1].csv'])('are those of %s alone', async (name) => {
    for (const decoy of ['br1', 'ab', 'bZs1']) await place.write(`${decoy}.${name.slice(-3)}`, many(9));
    const own = await place.write(`own.${name.slice(name.lastIndexOf('.') + 1)}`, many(3));
    await rename(own, place.at(name));
    const plan = await planOf(place.at(name), { shardRows: 10 });
    expect((await score(place.at(name), plan, 0)).rows.map(({ user_id }) => user_id)).toEqual(['u0', 'u1', 'u2']);
  });

  it.each(['parquet', 'csv'])('have columns of the path of a %s file as keys and features', async (extension) => {
    await mkdir(place.at('user_id=u%207/position=3'), { recursive: true });
    const path = await place.write(
      `user_id=u%207/position=3/part.${extension}`,
      `SELECT item, price, tags FROM (${many(2)})`,
    );
    const plan = await planOf(path, { shardRows: 10, declaration, encoder: shop.encoder });
    const { rows } = await score(path, plan, 0, { outputs: ['position'] });
    const other = await place.write(`flat.${extension}`, `SELECT * REPLACE (3 AS position) FROM (${many(2)})`);
    const flat = await score(other, await planOf(other, { shardRows: 10 }), 0, { outputs: ['position'] });
    expect(rows).toEqual(flat.rows.map((row) => ({ ...row, user_id: 'u 7' })));
  });

  it('are those of missing values for a column without any value, whatever its type is', async () => {
    const scoresOf = async (name: string, tags: string) => {
      const path = await place.write(name, `SELECT * REPLACE (CAST(NULL AS ${tags}) AS tags) FROM (${many(3)})`);
      const plan = await planOf(path, { shardRows: 10, declaration, encoder: shop.encoder });
      return (await score(path, plan, 0)).rows;
    };
    const text = await scoresOf('null-text.parquet', 'VARCHAR');
    for (const type of ['INTEGER', 'DOUBLE', 'TIME', 'STRUCT(a INTEGER)', 'BLOB'])
      expect(await scoresOf('null.parquet', type)).toEqual(text);
  });

  it('are those of text for text that was written as bytes', async () => {
    const path = await place.write('bytes.parquet', `SELECT * REPLACE (encode(item) AS item) FROM (${many(3)})`);
    const text = await place.write('text.parquet', many(3));
    const scoresOf = async (file: string) =>
      (await score(file, await planOf(file, { shardRows: 10, declaration, encoder: shop.encoder }), 0)).rows;
    const scores = (await scoresOf(path)).map(({ pctr, pcvr }) => [pctr, pcvr]);
    expect(scores).toEqual((await scoresOf(text)).map(({ pctr, pcvr }) => [pctr, pcvr]));
  });

  it('are written with all columns if the declaration says so', async () => {
    const path = await place.write('all.parquet', `SELECT *, [1, 2] AS extra FROM (${many(3)})`);
    const plan = await planOf(path, { shardRows: 10 });
    const { rows, scoresPath } = await score(path, plan, 0, {
      declaration: { ...declaration, scoring: { ...declaration.scoring, columns: 'all', maxRejected: 1 } },
    });
    expect(await schema(scoresPath)).toEqual([
      'user_id VARCHAR',
      'item VARCHAR',
      'price DOUBLE',
      'tags VARCHAR',
      'position BIGINT',
      'extra INTEGER[]',
      'pctr FLOAT',
      'pcvr FLOAT',
    ]);
    expect(rows.length).toBe(3);
  });

  it.each(['long.parquet', 'long.csv'])(
    'of all shards of %s together are those of the rows of the file in order',
    async (name) => {
      const path = await place.write(name, many(70_000));
      const plan = await planOf(path, { shardRows: 30_000 });
      const users: unknown[] = [];
      for (const { index } of plan.shards) {
        const { rows, result } = await score(path, plan, index);
        expect(result.scored).toBe(plan.shards[index]?.rows);
        for (const { user_id, pctr } of rows) {
          if (pctr !== Math.fround(users.length / 1e6)) throw new Error(`score of ${user_id} is ${pctr}`);
          users.push(user_id);
        }
      }
      expect(users).toEqual(Array.from({ length: 70_000 }, (_, i) => `u${i}`));
    },
  );

  it('are the same from Parquet and from CSV', async () => {
    const sql = many(3000);
    const [parquet, csv] = [await place.write('p.parquet', sql), await place.write('c.csv', sql)];
    const one = await score(parquet, await planOf(parquet, { shardRows: 5000 }), 0);
    const other = await score(csv, await planOf(csv, { shardRows: 5000 }), 0);
    expect(other.rows).toEqual(one.rows);
  });

  it('are computed with the declared value if candidates lack a column', async () => {
    const path = await place.write('unknown.parquet', "SELECT 1 AS user_id, 'a' AS item, 1 AS price, '' AS tags");
    const plan = await planOf(path, { shardRows: 10, declaration, encoder: shop.encoder });
    const { rows } = await score(path, plan, 0, { outputs: ['position'] });
    // 1 is the most frequent position of the training rows.
    expect(rows).toEqual([{ user_id: 1, item: 'a', position: 2 }]);
  });
});

describe('bad candidates', () => {
  it('are rejected with their position in the file; the others are scored', async () => {
    const lines = ['u0,a,1,x', ',a,1,x', 'u2,a,cheap,x', 'u3,a', 'u4,b,inf,x', 'u5,b,5,x'];
    await writeFile(place.at('bad.csv'), `user_id,item,price,tags\n${lines.join('\n')}\n`);
    const plan = await planOf(place.at('bad.csv'), { shardRows: 3 });
    const [first, second] = [await score(place.at('bad.csv'), plan, 0), await score(place.at('bad.csv'), plan, 1)];
    expect(first.result).toMatchObject({
      rowsIn: 3,
      scored: 1,
      rejected: 2,
      rejectedByReason: { missing_key: 1, number_not_numeric: 1 },
    });
    expect(second.result).toMatchObject({
      rowsIn: 3,
      scored: 1,
      rejected: 2,
      rejectedByReason: { field_count: 1, number_not_finite: 1 },
    });
    expect(await place.read(first.rejectsPath)).toEqual([
      { row: 1n, reason: 'missing_key', column: 'user_id', value: null },
      { row: 2n, reason: 'number_not_numeric', column: 'price', value: 'cheap' },
    ]);
    expect(await place.read(second.rejectsPath)).toEqual([
      { row: 3n, reason: 'field_count', column: null, value: '2 fields' },
      { row: 4n, reason: 'number_not_finite', column: 'price', value: 'inf' },
    ]);
    expect(second.rows).toEqual([{ user_id: 'u5', item: 'b', pctr: Math.fround(5e-6), pcvr: 2 }]);
  });

  it('give an empty scores file with the usual columns if the shard has no good ones', async () => {
    const path = await place.write(
      'hopeless.parquet',
      "SELECT NULL::BIGINT AS user_id, 'a' AS item, 1 AS price, '' AS tags FROM range(5)",
    );
    const plan = await planOf(path, { shardRows: 10 });
    const { result, rows, scoresPath } = await score(path, plan, 0);
    expect(result).toMatchObject({ rowsIn: 5, scored: 0, rejected: 5, rejectedByReason: { missing_key: 5 } });
    expect(rows).toEqual([]);
    expect(await schema(scoresPath)).toEqual(['user_id BIGINT', 'item VARCHAR', 'pctr FLOAT', 'pcvr FLOAT']);
  });
});

describe('scores that are not finite', () => {
  /** A model whose arithmetic overflows at a price or a weight near the largest float. */
  async function overflowing({ rows, numbers, weights }: EncodedChunk) {
    const pctr = new Float32Array(rows);
    for (let row = 0; row < rows; row++) {
      const tags = weights.tags?.subarray(row * 3, row * 3 + 3) ?? [];
      pctr[row] = Math.fround((numbers.price?.[row] ?? 0) * 10) - Math.fround(Math.max(...tags) * 10);
    }
    return { pctr };
  }
  const weighted = declare([number('price'), bag('tags', { weights: 'weight' })]);

  it('reject their row, with the most extreme number of it; the others are scored', async () => {
    const path = await place.write(
      'extreme.parquet',
      `SELECT i AS row, CASE i WHEN 3 THEN 1e38 WHEN 5 THEN 1e3 ELSE i END AS price, ['x', 'y'] AS tags,
        CASE i WHEN 5 THEN [1, 3e38] WHEN 7 THEN [NULL, 1] ELSE [1, 1] END::DOUBLE[] AS weight FROM range(10) t(i)`,
    );
    const train = await place.write(
      'weighted.parquet',
      "SELECT i AS row, i::DOUBLE AS price, ['x'] AS tags, [1.0] AS weight, i % 2 AS click, i // 2 % 2 * (i % 2) AS conversion, 'train' AS part FROM range(9) t(i)",
    );
    const { encoder } = await fitEncoder(place.database, await openLog(place, train, weighted));
    const { result, rows, rejectsPath } = await score(path, await planOf(path, { shardRows: 10 }), 0, {
      declaration: weighted,
      encoder,
      outputs: ['pctr'],
      predict: overflowing,
    });
    expect(result).toMatchObject({
      rowsIn: 10,
      scored: 7,
      rejected: 3,
      rejectedByReason: { number_not_finite: 2, weight_not_valid: 1 },
      features: { price: { rows: 7, missing: 0, values: 7, unknown: null } },
    });
    expect(await place.read(rejectsPath)).toEqual([
      { row: 3n, reason: 'number_not_finite', column: 'price', value: '1e+38' },
      { row: 5n, reason: 'number_not_finite', column: 'weight', value: '[1.0, 3e+38]' },
      { row: 7n, reason: 'weight_not_valid', column: 'weight', value: '[NULL, 1.0]' },
    ]);
    expect(rows.map(({ row }) => Number(row))).toEqual([0, 1, 2, 4, 6, 8, 9]);
  });

  it('reject a row of ordinary numbers, too, since another try would give the same scores', async () => {
    const path = await place.write('ordinary.parquet', many(10));
    const { result, rejectsPath } = await score(path, await planOf(path, { shardRows: 10 }), 0, {
      outputs: ['pctr'],
      predict: async ({ rows }) => ({ pctr: Float32Array.from({ length: rows }, (_, i) => (i === 4 ? NaN : 0.5)) }),
    });
    expect(result).toMatchObject({ scored: 9, rejected: 1, rejectedByReason: { score_not_finite: 1 } });
    expect(await place.read(rejectsPath)).toEqual([{ row: 4n, reason: 'score_not_finite', column: null, value: null }]);
  });
});

describe('keys', () => {
  it('that another row has, too, are counted', async () => {
    const path = await place.write('repeated.parquet', `${many(300)} UNION ALL ${many(100)}`);
    expect((await score(path, await planOf(path, { shardRows: 500 }), 0)).result).toMatchObject({
      scored: 400,
      repeatedKeys: 100,
    });
  });
});

describe('scoring fails', () => {
  it('where a column has the name of a score', async () => {
    const path = await place.write('clash.parquet', `SELECT *, 1 AS "PCTR" FROM (${many(3)})`);
    const plan = await planOf(path, { shardRows: 10 });
    await expect(
      score(path, plan, 0, {
        declaration: {
          ...declaration,
          scoring: { ...declaration.scoring, columns: 'all', maxRejected: 1 },
        },
      }),
    ).rejects.toMatchObject({
      code: 'columns_clash',
      message: `candidate columns have the names of scores: PCTR (in ${path})`,
    });
  });

  it('where columns are missing or of a wrong type', async () => {
    const missing = await place.write('missing.parquet', "SELECT 1 AS user_id, 'a' AS item, 1 AS price");
    await expect(score(missing, await planOf(missing, { shardRows: 10 }), 0)).rejects.toThrow(
      `candidate columns missing: tags (in ${missing})`,
    );
    const typed = await place.write(
      'types.parquet',
      "SELECT 1 AS user_id, 'a' AS item, DATE '2026-05-01' AS price, 'x' AS tags",
    );
    await expect(score(typed, await planOf(typed, { shardRows: 10 }), 0)).rejects.toThrow(
      `candidate columns of a wrong type: price is DATE, expected a number: a time must be turned into one first, such as its age in days or its hour (in ${typed})`,
    );
  });

  it('where the model returns too few scores', async () => {
    const path = await place.write('model.parquet', many(10));
    const plan = await planOf(path, { shardRows: 10 });
    const scoreWith = (values: readonly number[]) =>
      score(path, plan, 0, { outputs: ['pctr'], predict: async () => ({ pctr: Float32Array.from(values) }) });
    await expect(scoreWith([1, 2])).rejects.toThrow('output pctr has 2 values, expected 10');
    await expect(scoreWith([1, Number.NaN])).rejects.toThrow('output pctr has 2 values, expected 10');
  });

  it('where a page in the middle of a Parquet file is broken', async () => {
    const path = await place.write('broken.parquet', many(50_000));
    const bytes = await readFile(path);
    await writeFile(path, bytes.fill(0x55, bytes.length >> 2, (bytes.length >> 2) + 5000));
    const plan = await planOf(path, { shardRows: 100_000 });
    await expect(score(path, plan, 0)).rejects.toMatchObject({
      name: 'DataError',
      code: 'unreadable',
      message: expect.stringMatching(/^\/.*broken\.parquet cannot be read: Failed to read file "/),
    });
  });

  it('where a CSV file has changed since it was planned', async () => {
    await writeFile(place.at('swapped.csv'), 'user_id,item,price,tags\n1,a,1,x\n2,a,1,x\n');
    const plan = await planOf(place.at('swapped.csv'), { shardRows: 10 });
    await writeFile(place.at('swapped.csv'), 'user_id,item,price,tags\n1,abcdef,1,x\n\n\n\n');
    await expect(score(place.at('swapped.csv'), plan, 0)).rejects.toThrow(
      `${place.at('swapped.csv')} changed since it was planned: shard 0 has 1 rows, expected 2`,
    );
  });
});
