/** Hierarchical estimators as a competitor, by the command. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Comparison } from '../../lib/compare/result/comparison-file.ts';
import { ONCE_EACH } from './small-log.ts';
import { workplace } from './workplace.ts';

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

  it('learn nothing from values that occur once each', async () => {
    await place.writeRows('random.parquet', ONCE_EACH);
    const once = [
      '--models',
      'hierarchical',
      '--against',
      'hierarchical',
      '--hierarchies',
      'item',
      '--seeds',
      '1',
      '--trials',
      '1',
    ];
    expect(await compare('--data', 'random.parquet', ...once, '--out', 'random')).toMatchObject({ code: 0 });
    const [model] = (await comparisonIn('random')).models;
    expect(model?.mean.ctr_auc).toBeGreaterThan(0.45);
    expect(model?.mean.ctr_auc).toBeLessThan(0.55);
    expect(model?.averaged?.tasks.ctr?.pcoc).toBeCloseTo(1, 1);
  });

  it.each([
    [
      ['--models', 'hierarchical'],
      'hierarchical: got no hierarchies, expected --hierarchies category/brand/item_id or the like',
    ],
    [
      ['--hierarchies', 'itm/age,item/item'],
      '--hierarchies: got itm, which is no feature, did you mean item?; got age, which is a number, expected a category or a cross; got item twice in item/item, expected it once; expected of item',
    ],
    [
      ['--hierarchies', 'item/,x'],
      '--hierarchies: got item/,x, expected features joined by /, and hierarchies separated by commas (--help tells more)',
    ],
  ])('are refused where they cannot be: %j', async (args, message) => {
    expect(await compare('--data', 'log.csv', ...args)).toEqual({
      code: 2,
      stdout: '',
      stderr: `entirespace: ${message}\n`,
    });
  });
});
