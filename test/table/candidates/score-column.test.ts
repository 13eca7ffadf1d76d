import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../lib/config/expression/evaluate.ts';
import { parseExpression } from '../../../lib/config/expression/parse.ts';
import { scoreExpression } from '../../../lib/config/resolve/resolve-scoring.ts';
import { scoreRows } from '../../../lib/table/candidates/score-shard.ts';
import { query } from '../../../lib/table/database.ts';
import type { EncodedChunk } from '../../../lib/table/encoded.ts';
import { localCandidate } from '../../../lib/table/formats/candidate-file.ts';
import { rowsSql } from '../fixture.ts';
import { candidateWorkplace, declaration } from './candidates.ts';

const shop = candidateWorkplace();
const { place, planOf } = shop;

const OUTPUTS = [{ name: 'pctr' }, { name: 'pcvr' }];

async function predict(chunk: EncodedChunk) {
  return {
    pctr: Float32Array.from(chunk.numbers.price ?? [], (price) => price / 10),
    pcvr: new Float32Array(chunk.rows).fill(0.5),
  };
}

const scoring = (text: string) => ({ ...declaration.scoring, maxRejected: 1, score: scoreExpression(text, OUTPUTS) });

/** Plans and scores a file, and returns its scores and its rejected rows. */
async function score(path: string, text: string) {
  const declared = { ...declaration, scoring: scoring(text) };
  const plan = await planOf(path, { shardRows: 100, encoder: shop.encoder, declaration: declared });
  const [shard] = plan.shards;
  if (shard === undefined) throw new Error('no shard');
  const [scoresPath, rejectsPath] = [`${path}-scores.parquet`, `${path}-rejects.parquet`];
  const result = await scoreRows({
    database: place.database,
    file: await localCandidate(path),
    plan,
    shard,
    declaration: declared,
    encoder: shop.encoder,
    predict,
    outputs: OUTPUTS.map(({ name }) => name),
    scoresPath,
    rejectsPath,
  });
  return {
    result,
    rows: await place.read(scoresPath),
    rejects: result.rejected === 0 ? [] : await place.read(rejectsPath),
  };
}

const COLUMNS = 'user_id, item, price, tags, position, stock, views';
const ROWS = [
  "'u0', 'a', 1.0, 'x', 1, 2, 4.0",
  "'u1', 'b', 2.0, 'x', 1, 0, 8.0",
  "'u2', 'b', 3.0, 'x', 1, NULL, 2.0",
  "'u3', 'b', 4.0, 'x', 1, 5, -1.0",
  "'u4', 'b', 5.0, 'x', 1, -4, 16.0",
];

describe('the column score', () => {
  it.each(['rows.parquet', 'rows.csv'])('is written after the outputs, as a double: %s', async (name) => {
    const path = await place.write(`good-${name}`, rowsSql(COLUMNS, ROWS));
    const { rows, result } = await score(path, 'pcvr * price - if(stock > 0, pctr, 0)'.replace('stock', 'views'));
    expect(result).toMatchObject({ scored: 5, rejected: 0 });
    expect(Object.keys(rows[0] ?? {})).toEqual(['user_id', 'item', 'pctr', 'pcvr', 'score']);
    const pctr = rows.map((row) => Number(row.pctr));
    expect(rows.map((row) => row.score)).toEqual(
      [4, 8, 2, -1, 16].map((views, i) => 0.5 * (i + 1) - (views > 0 ? (pctr[i] as number) : 0)),
    );
  });

  it.each(['rows.parquet', 'rows.csv'])(
    'rejects the rows that have none, with reason, column and value: %s',
    async (name) => {
      const path = await place.write(`bad-${name}`, rowsSql(COLUMNS, ROWS));
      const { rows, rejects, result } = await score(path, 'pctr / stock + sqrt(views)');
      expect(result).toMatchObject({
        scored: 2,
        rejectedByReason: { score_division_by_zero: 1, score_operand_missing: 1, score_out_of_domain: 1 },
      });
      expect(rows.map((row) => row.user_id)).toEqual(['u0', 'u4']);
      expect(rows.every((row) => Number.isFinite(row.score))).toBe(true);
      expect(rejects).toEqual([
        { row: 1n, reason: 'score_division_by_zero', column: 'score', value: `${Math.fround(0.2)} / 0` },
        { row: 2n, reason: 'score_operand_missing', column: 'stock', value: null },
        { row: 3n, reason: 'score_out_of_domain', column: 'views', value: 'sqrt(-1)' },
      ]);
    },
  );

  it('rejects texts of CSV that are no numbers, infinite numbers and overflows', async () => {
    const path = await place.write(
      'words.csv',
      rowsSql(COLUMNS, [
        "'u0', 'a', 1.0, 'x', 1, 'many', '1'",
        "'u1', 'a', 1.0, 'x', 1, '3', 'Infinity'",
        "'u2', 'a', 1.0, 'x', 1, '1e300', '1e300'",
        "'u3', 'a', 1.0, 'x', 1, ' 3 ', '1'",
      ]),
    );
    const { rows, rejects } = await score(path, 'stock * views');
    expect(rows.map((row) => row.score)).toEqual([3]);
    expect(rejects).toEqual([
      { row: 0n, reason: 'number_not_numeric', column: 'stock', value: 'many' },
      { row: 1n, reason: 'number_not_finite', column: 'views', value: 'Infinity' },
      { row: 2n, reason: 'score_overflow', column: 'score', value: '1e+300 * 1e+300' },
    ]);
  });

  it('takes another operand for a missing one, and reads a key that is a number', async () => {
    const path = await place.write('missing.parquet', rowsSql(COLUMNS, ROWS));
    const { rows, result } = await score(path, 'coalesce(STOCK, 100) + position');
    expect(result.rejected).toBe(0);
    expect(rows.map((row) => row.score)).toEqual([3, 1, 101, 6, -3]);
  });

  it('is refused when the file is planned if a column is absent or text', async () => {
    const path = await place.write('plan.parquet', rowsSql(COLUMNS, ROWS));
    const planned = (text: string) =>
      planOf(path, { shardRows: 9, encoder: shop.encoder, declaration: { ...declaration, scoring: scoring(text) } });
    await expect(planned('pctr * stocks')).rejects.toThrow(
      `candidate columns missing: stocks (in ${path}): scoring.score reads stocks, did you mean stock?`,
    );
    await expect(planned('pctr * margin + item')).rejects.toThrow(
      `candidate columns missing: margin (in ${path}): scoring.score reads margin`,
    );
    await expect(planned('pctr * tags')).rejects.toThrow(
      `candidate columns of a wrong type: tags is VARCHAR, expected a number, for scoring.score (in ${path})`,
    );
  });
});

/** An expression and the same as SQL, which is NULL where it has no value. */
interface Both {
  readonly text: string;
  readonly sql: string;
}

const finite = (sql: string) => `(CASE WHEN isfinite(${sql}) THEN ${sql} END)`;
const leaf = fc.oneof(
  fc.constantFrom('a', 'b', 'c').map((name): Both => ({ text: name, sql: name })),
  fc.constantFrom('0', '1', '2.5', '1e-3', '1e200').map((text): Both => ({ text, sql: `CAST('${text}' AS DOUBLE)` })),
);
const { expression } = fc.letrec<{ expression: Both }>((tie) => {
  const pair = fc.tuple(tie('expression'), tie('expression'));
  const operator = fc.tuple(fc.constantFrom('+', '-', '*'), pair);
  const binary = operator.map(
    ([sign, [x, y]]): Both => ({
      text: `(${x.text} ${sign} ${y.text})`,
      sql: finite(`(${x.sql} ${sign} ${y.sql})`),
    }),
  );
  const quotient = pair.map(
    ([x, y]): Both => ({
      text: `((${x.text}) / (${y.text}))`,
      sql: `(CASE WHEN ${y.sql} <> 0 THEN ${finite(`(${x.sql} / ${y.sql})`)} END)`,
    }),
  );
  const negative = tie('expression').map((x): Both => ({ text: `-(${x.text})`, sql: `(-${x.sql})` }));
  const root = tie('expression').map(
    (x): Both => ({
      text: `sqrt(abs(${x.text}))`,
      sql: `sqrt(abs(${x.sql}))`,
    }),
  );
  const extreme = fc.tuple(fc.constantFrom(['min', 'least'], ['max', 'greatest']), pair).map(
    ([[name, sqlName], [x, y]]): Both => ({
      text: `${name}(${x.text}, ${y.text})`,
      sql: `(CASE WHEN ${x.sql} IS NOT NULL AND ${y.sql} IS NOT NULL THEN ${sqlName}(${x.sql}, ${y.sql}) END)`,
    }),
  );
  const first = fc.tuple(leaf, tie('expression')).map(
    ([x, y]): Both => ({
      text: `coalesce(${x.text}, ${y.text})`,
      sql: `COALESCE(${x.sql}, ${y.sql})`,
    }),
  );
  const choice = fc.tuple(fc.constantFrom(['<', '<'], ['>=', '>='], ['==', '='], ['!=', '<>']), leaf, leaf, pair).map(
    ([[sign, sqlSign], x, y, [yes, no]]): Both => ({
      text: `if(${x.text} ${sign} ${y.text}, ${yes.text}, ${no.text})`,
      sql: `(CASE WHEN ${x.sql} ${sqlSign} ${y.sql} THEN ${yes.sql} WHEN NOT (${x.sql} ${sqlSign} ${y.sql}) THEN ${no.sql} END)`,
    }),
  );
  return {
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      binary,
      quotient,
      negative,
      root,
      extreme,
      first,
      choice,
    ),
  };
});

describe('random expressions', () => {
  const values = [null, -3, -0.5, 0, 0.1, 7, 1e200];
  const rows = values.flatMap((a) => values.flatMap((b) => values.map((c) => ({ a, b, c }))));
  const operand = (name: 'a' | 'b' | 'c') => Float64Array.from(rows, (row) => row[name] ?? Number.NaN);
  const operands = { a: operand('a'), b: operand('b'), c: operand('c') };
  const table = `(VALUES ${rows
    .map(({ a, b, c }) => `(${[a, b, c].map((x) => `CAST(${x === null ? 'NULL' : `'${x}'`} AS DOUBLE)`).join(', ')})`)
    .join(', ')}) AS rows(a, b, c)`;

  it('have the values of the same expressions in SQL, to the last bit', async () => {
    const found = fc.sample(expression, { numRuns: 150, seed: 16 }).filter(({ text }) => text.length < 400);
    expect(new Set(found.map(({ text }) => text)).size).toBeGreaterThan(80);
    for (const { text, sql } of found) {
      const expected = await query(place.database, `SELECT CAST(${sql} AS DOUBLE) AS value FROM ${table}`);
      const { values: got } = evaluate(parseExpression(text), operands, rows.length);
      const same = expected.every(({ value }, row) => {
        const own = got[row] ?? Number.NaN;
        return value === null ? Number.isNaN(own) : own === value;
      });
      expect(same, text).toBe(true);
    }
  });

  it.each([
    ['log(a)', 'CASE WHEN a > 0 THEN ln(a) END'],
    ['exp(a)', 'CASE WHEN a < 700 THEN exp(a) END'],
    [
      'pow(a, b)',
      'CASE WHEN (a > 0 OR a = 0 AND b >= 0 OR b = trunc(b) AND a <> 0) AND isfinite(pow(a, b)) THEN pow(a, b) END',
    ],
    ['a ^ 3', 'CASE WHEN isfinite(pow(a, 3)) THEN pow(a, 3) END'],
  ])('%s is what the mathematical library of C gives', async (text, sql) => {
    const expected = await query(place.database, `SELECT ${sql} AS value FROM ${table}`);
    const { values: got } = evaluate(parseExpression(text), operands, rows.length);
    for (const [row, { value }] of expected.entries()) {
      const own = got[row] ?? Number.NaN;
      if (value === null) expect(own).toBeNaN();
      else expect(Math.abs(own - Number(value))).toBeLessThanOrEqual(1e-14 * Math.abs(Number(value)));
    }
  });
});
