import { describe, expect, it } from 'vitest';
import { outcomesSql } from '../../lib/synth/rows.ts';
import { causedProbabilities, TRUTHS } from '../../lib/synth/truth.ts';
import { query } from '../../lib/table/database.ts';
import { synthPlace } from './place.ts';

const place = synthPlace();

/** Greater than this is one sum in 10,000 of the squares of ten standard normal numbers. */
const RARE = 35.6;

/** The squared deviations of what happened from its probabilities, over tenths of the rows by probability. */
function deviations(probability: string, happened: string): string {
  return `SELECT sum(z * z) AS total FROM (
    SELECT (sum(${happened}) - sum(${probability})) / sqrt(sum(${probability} * (1 - ${probability}))) AS z
    FROM (SELECT *, ntile(10) OVER (ORDER BY ${probability}) AS tenth FROM chosen) GROUP BY tenth)`;
}

describe('the truths', () => {
  it.each([
    [-2, 1, 1.5],
    [3, -4, 0.3],
    [0, 0, 5],
    [-20, -9, 2],
  ])('are the means over the unseen cause: click %d, conversion %d, bias %d', async (c, v, bias) => {
    const database = await place.database();
    const caused = `SELECT ${causedProbabilities({ click: String(c), conversion: String(v) }, bias)}`;
    const [row] = await query(
      database,
      `SELECT ${Object.entries(TRUTHS)
        .map(([name, sql]) => `${sql} AS ${name}`)
        .join(', ')} FROM (${caused})`,
    );
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    // Every combination of cause, click and conversion, with its probability.
    const worlds = [bias, -bias].flatMap((cause) =>
      [0, 1].flatMap((y) =>
        [0, 1].map((z) => ({
          y,
          z,
          own: 0.5 * Math.abs(1 - y - sigmoid(c + cause)) * Math.abs(1 - z - sigmoid(v + cause)),
        })),
      ),
    );
    const mass = (of: (world: { y: number; z: number }) => boolean) =>
      worlds.filter(of).reduce((sum, { own }) => sum + own, 0);
    const close = (got: unknown, expected: number) => expect(Number(got) / expected).toBeCloseTo(1, 9);
    close(
      row?.true_pctr,
      mass(({ y }) => y === 1),
    );
    close(row?.true_pcvr, mass(({ y, z }) => y === 1 && z === 1) / mass(({ y }) => y === 1));
    close(
      row?.true_pcvr_do,
      mass(({ z }) => z === 1),
    );
  });

  it('are equal, to the last bit, exactly where there is no hidden bias', async () => {
    const differ =
      'SELECT count(*) FILTER (true_pcvr != true_pcvr_do) AS n, count(*) FILTER (true_pcvr > true_pcvr_do) AS above FROM log';
    const open = await place.write('open', { observedBias: 2 });
    expect(await open.query(differ)).toEqual([{ n: 0n, above: 0n }]);
    const hidden = await place.write('hidden', { observedBias: 0, hiddenBias: 0.1 });
    // The cause raises both: clicked rows have it more often.
    expect(await hidden.query(differ)).toEqual([{ n: 2000n, above: 2000n }]);
  });

  it.each([
    ['observed', { observedBias: 1.5, hiddenBias: 0 }],
    ['hidden', { observedBias: 0.5, hiddenBias: 1.5 }],
    ['opposed', { observedBias: -1, hiddenBias: 0.7 }],
  ])('are what happens, with %s bias', async (name, biases) => {
    const { options, truth, database } = await place.write(`happens ${name}`, { ...biases, rows: 60_000 });
    const rows = outcomesSql(options, truth.intercepts, { from: 0, to: options.rows });
    const total = async (where: string, probability: string, happened: string) => {
      const [found] = await query(
        database,
        `WITH chosen AS (SELECT * FROM ${rows} WHERE ${where}) ${deviations(probability, happened)}`,
      );
      return Number(found?.total);
    };
    expect(await total('true', 'true_pctr', 'click')).toBeLessThan(RARE);
    expect(await total('click = 1', 'true_pcvr', 'would_convert')).toBeLessThan(RARE);
    expect(await total('true', 'true_pcvr_do', 'would_convert')).toBeLessThan(RARE);
    if (biases.hiddenBias === 0) return;
    // Neither truth is the other.
    expect(await total('click = 1', 'true_pcvr_do', 'would_convert')).toBeGreaterThan(2 * RARE);
    expect(await total('true', 'true_pcvr', 'would_convert')).toBeGreaterThan(2 * RARE);
  });

  it('have the rates that are asked for', async () => {
    const { truth } = await place.write('rates', {
      rows: 100_000,
      clickRate: 0.04,
      conversionRate: 0.02,
      hiddenBias: 1,
      observedBias: 1,
    });
    const { means, rows, clicks, conversions } = truth.seen;
    expect(means.true_pctr.all).toBeCloseTo(0.04, 8);
    // Of all clicks that there could be; those that there are, are a draw.
    expect(Math.abs(clicks - 0.04 * rows) / Math.sqrt(0.04 * rows)).toBeLessThan(3.5);
    expect(Math.abs(conversions - 0.02 * clicks) / Math.sqrt(0.02 * clicks)).toBeLessThan(3.5);
  });

  it('have delays that are exponential, with a rate that depends on the features', async () => {
    const { options, truth, database } = await place.write('exponential', { rows: 40_000, delay: 2 });
    const rows = outcomesSql(options, truth.intercepts, { from: 0, to: options.rows });
    const elapsed = '(epoch(converted_at) - epoch(clicked_at)) / 86400 / (2 * exp(delay_effect))';
    const [found] = await query(
      database,
      `SELECT avg(e) AS mean, avg(e * e) / 2 AS second, avg(CAST(e < ln(2) AS DOUBLE)) AS half, count(*) AS n, stddev(effect) AS spread
       FROM (SELECT ${elapsed} AS e, delay_effect AS effect FROM ${rows} WHERE eventual_conversion = 1)`,
    );
    const n = Number(found?.n);
    expect(Math.abs(Number(found?.mean) - 1) * Math.sqrt(n)).toBeLessThan(3.5);
    // The fourth moment of an exponential is 24: the deviation of e^2 / 2 is sqrt(5).
    expect((Math.abs(Number(found?.second) - 1) * Math.sqrt(n)) / Math.sqrt(5)).toBeLessThan(3.5);
    expect((Math.abs(Number(found?.half) - 0.5) * Math.sqrt(n)) / 0.5).toBeLessThan(3.5);
    expect(Number(found?.spread)).toBeGreaterThan(0.3);
  });
});
