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

describe('hierarchical estimators', () => {
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
