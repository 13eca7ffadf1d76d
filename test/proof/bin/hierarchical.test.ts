/** Hierarchical estimators as a competitor, by the command, on rates that are known. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Comparison } from '../../../lib/compare/result/comparison-file.ts';
import { workplace } from '../../bin/workplace.ts';

const place = workplace();
const compare = (...args: string[]) => place.run('compare', 'shop.yaml', ...args);
const comparisonIn = async (out: string): Promise<Comparison> =>
  JSON.parse(await readFile(place.at(out, 'comparison.json'), 'utf8'));

/** A log whose rates depend on one of 200 items, of which some are frequent; `item` is the only category. */
const ITEMS = `
  SELECT row, 30 AS age, 'i' || item AS item, '' AS history, clicked, clicked * (draw2 < if(item % 3 = 0, 0.6, 0.2))::INT AS bought
  FROM (
    SELECT *, (draw1 < if(item % 2 = 0, 0.6, 0.2))::INT AS clicked FROM (
      SELECT row, floor(200 * pow(hash(row || 'a') / 2 ** 64, 3))::INT AS item, hash(row || 'b') / 2 ** 64 AS draw1,
        hash(row || 'c') / 2 ** 64 AS draw2
      FROM range(20000) AS rows(row)))`;

describe('hierarchical estimators', () => {
  it('find the rates of values, and take part where hierarchies are given', async () => {
    await place.writeRows('items.parquet', ITEMS);
    const { code, stderr } = await compare(
      ...['--data', 'items.parquet', '--models', 'hierarchical', '--against', 'hierarchical', '--hierarchies', 'item'],
      ...['--seeds', '2', '--trials', '2', '--shares', '0.5', '--out', 'items'],
    );
    expect({ code, stderr: stderr.includes('Error') }).toEqual({ code: 0, stderr: false });
    const { models, shares } = await comparisonIn('items');
    const [model] = models;
    expect(model?.trials.map(({ settings }) => settings)).toEqual([
      {},
      { 'hierarchical.strength': expect.any(Number) },
    ]);
    expect(shares.map(({ share }) => share)).toEqual([0.5, 1]);
    // Who knows the rates has 0.708 and 0.69 or so.
    expect(model?.mean.ctr_auc).toBeGreaterThan(0.68);
    expect(model?.mean.cvr_auc).toBeGreaterThan(0.65);
    for (const task of ['ctr', 'cvr', 'ctcvr']) {
      expect(model?.averaged?.tasks[task]?.pcoc).toBeGreaterThan(0.93);
      expect(model?.averaged?.tasks[task]?.pcoc).toBeLessThan(1.07);
    }
  });
});
