import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { synthPlace } from './place.ts';

const place = synthPlace();
const REFERENCE = JSON.parse(readFileSync(new URL('reference/rows.json', import.meta.url), 'utf8'));
const BIASED = { observedBias: 0.8, hiddenBias: 1.2, delay: 2 };

describe('the rows of a synthetic log', () => {
  it('are those that Python computes from their definition', async () => {
    const { truth, query } = await place.write('reference', BIASED);
    const ids = REFERENCE.rows.map(({ row }: { row: number }) => row).join(', ');
    const time = (name: string) => `replace(strftime(${name}, '%Y-%m-%dT%H:%M:%S.%f'), '.000000', '') AS ${name}`;
    const rows = await query(
      `SELECT * REPLACE (${['shown_at', 'clicked_at', 'converted_at'].map(time).join(', ')}) FROM log WHERE "row" IN (${ids})`,
    );
    const byRow = new Map(rows.map((row) => [Number(row.row), row]));
    for (const { true_pctr, true_pcvr, true_pcvr_do, ...expected } of REFERENCE.rows) {
      const row = byRow.get(expected.row) as Record<string, unknown>;
      const plain = Object.fromEntries(
        Object.keys(expected).map((name) => [name, typeof row[name] === 'bigint' ? Number(row[name]) : row[name]]),
      );
      expect(plain).toEqual(expected);
      expect(row.true_pctr).toBeCloseTo(true_pctr, 9);
      expect(row.true_pcvr).toBeCloseTo(true_pcvr, 9);
      expect(row.true_pcvr_do).toBeCloseTo(true_pcvr_do, 9);
    }
    expect(truth.intercepts.click).toBeCloseTo(REFERENCE.intercepts.click, 6);
    expect(truth.intercepts.conversion).toBeCloseTo(REFERENCE.intercepts.conversion, 6);
    const { clicks, conversions, conversionsLater } = truth.seen;
    expect({ clicks, conversions, later: conversionsLater }).toEqual({
      clicks: REFERENCE.clicks,
      conversions: REFERENCE.conversions,
      later: REFERENCE.later,
    });
  });

  it('are the same in any number of files, written in any number of threads', async () => {
    const one = await place.write('one', BIASED);
    const many = await place.write('many', BIASED, { rowsOfFile: 333, atOnce: 3 });
    expect(many.truth.seen.files).toBe(7);
    const sql = 'SELECT * FROM log';
    expect(await many.query(sql)).toEqual(await one.query(sql));
    expect(many.truth.intercepts).toEqual(one.truth.intercepts);
  });

  it('are others with another seed', async () => {
    const one = await place.write('seed 7', {});
    const other = await place.write('seed 8', { seed: 8 });
    expect(await other.query('SELECT user_id FROM log')).not.toEqual(await one.query('SELECT user_id FROM log'));
  });

  it('are in order of time, in requests of twenty that one user makes', async () => {
    const { query } = await place.write('requests', {});
    const [{ requests, users, ordered, last }] = (await query(
      `SELECT count(DISTINCT request) AS requests, max(users) AS users, bool_and(ordered) AS ordered, max(shown_at) < TIMESTAMP '2025-01-11 00:00:00' AS last
       FROM (SELECT *, shown_at >= lag(shown_at, 1, shown_at) OVER (ORDER BY "row") AS ordered, count(DISTINCT user_id) OVER (PARTITION BY request) AS users FROM log)`,
    )) as [Record<string, unknown>];
    expect({ requests, users, ordered, last }).toEqual({ requests: 100n, users: 1n, ordered: true, last: true });
  });

  it("have items by Zipf's law, and features that depend on the id alone", async () => {
    const { query } = await place.write('zipf', { rows: 40_000, items: 1000, itemExponent: 1 });
    const top = await query(
      'SELECT item_id, count(*) AS n FROM log WHERE item_id IN (1, 2, 10) GROUP BY ALL ORDER BY ALL',
    );
    // The share of id k is log((k + 1) / k) / log(1001).
    for (const { item_id, n } of top) {
      const share = Math.log1p(1 / Number(item_id)) / Math.log(1001);
      expect(Math.abs(Number(n) / 40_000 - share) / Math.sqrt(share / 40_000)).toBeLessThan(4);
    }
    expect(top).toHaveLength(3);
    const [{ differ }] = (await query(
      'SELECT count(*) AS differ FROM (SELECT item_id FROM log GROUP BY item_id HAVING count(DISTINCT (category, brand, price, tags)) > 1)',
    )) as [Record<string, unknown>];
    expect(differ).toBe(0n);
  });

  it('have exponents other than 1, and none', async () => {
    const { query } = await place.write('exponents', {
      rows: 40_000,
      items: 1000,
      itemExponent: 2,
      userExponent: 0,
      users: 10,
    });
    const [{ first }] = (await query('SELECT avg(CAST(item_id = 1 AS DOUBLE)) AS first FROM log')) as [
      { first: number },
    ];
    // 1 - 1 / (1 + k) of the density x^-2 over [1, 1001).
    expect(first).toBeCloseTo(0.5 / (1 - 1 / 1001), 1);
    const [{ users }] = (await query('SELECT count(DISTINCT user_id) AS users FROM log')) as [{ users: bigint }];
    expect(users).toBe(10n);
  });
});

describe('delays', () => {
  it('end with the log: what comes later is not seen, but known to the oracle', async () => {
    const { truth, query } = await place.write('delays', { ...BIASED, rows: 20_000, delay: 3 });
    const [counts] = await query(
      `SELECT count(*) FILTER (conversion = 1) AS seen, count(*) FILTER (converted_at IS NOT NULL) AS timed,
         count(*) FILTER (eventual_conversion = 1 AND conversion = 0) AS later,
         count(*) FILTER (conversion > eventual_conversion OR eventual_conversion > click) AS impossible,
         count(*) FILTER ((clicked_at IS NOT NULL) != (click = 1) OR converted_at <= clicked_at OR clicked_at <= shown_at) AS disordered,
         count(*) FILTER (converted_at >= TIMESTAMP '2025-01-11 00:00:00') AS after FROM log`,
    );
    expect(counts).toMatchObject({
      impossible: 0n,
      disordered: 0n,
      after: 0n,
      later: BigInt(truth.seen.conversionsLater),
    });
    expect(counts?.timed).toBe(counts?.seen);
    expect(Number(counts?.later)).toBeGreaterThan(100);
  });

  it('leave everything else as it is', async () => {
    const without = await place.write('without delay', { observedBias: 0.8 });
    const late = await place.write('with delay', { observedBias: 0.8, delay: 2 });
    const sql = (conversion: string) => `SELECT "row", user_id, item_id, click, ${conversion} AS c, true_pcvr FROM log`;
    expect(await late.query(sql('eventual_conversion'))).toEqual(await without.query(sql('conversion')));
    const columns = (await without.query('DESCRIBE FROM log')).map(({ column_name }) => column_name);
    expect(columns).not.toContain('converted_at');
  });
});

describe('a drift', () => {
  it('changes the truth from its day on, and nothing before', async () => {
    const before = await place.write('no drift', {});
    const after = await place.write('drift', { drift: { fromDay: 6, share: 1 } });
    const sql = (side: string) =>
      `SELECT "row", click, conversion, true_pcvr FROM log WHERE shown_at ${side} TIMESTAMP '2025-01-07 00:00:00'`;
    expect(await after.query(sql('<'))).toEqual(await before.query(sql('<')));
    const truths = async (of: typeof before) =>
      (await of.query(sql('>='))).map(({ true_pcvr }) => Math.log(Number(true_pcvr) / (1 - Number(true_pcvr))));
    // Where all effects of users and items are others, only those of hour and affinity stay.
    expect(correlation(await truths(before), await truths(after))).toBeLessThan(0.45);
  });
});

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((x, y) => x + y, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const covariance = (x: readonly number[], y: readonly number[], mx: number, my: number) =>
    x.reduce((sum, value, index) => sum + (value - mx) * ((y[index] as number) - my), 0);
  return covariance(a, b, meanA, meanB) / Math.sqrt(covariance(a, a, meanA, meanA) * covariance(b, b, meanB, meanB));
}
