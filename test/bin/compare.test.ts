/** A comparison by the command; `npm run test:proof` has more of them. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Comparison } from '../../lib/compare/result/comparison-file.ts';
import { workplace } from './workplace.ts';

const place = workplace();
const COMPARE = ['compare', 'shop.yaml', '--data', 'log.csv', '--models', 'base', '--seeds', '2', '--trials', '2'];
const comparisonIn = async (out: string): Promise<Comparison> =>
  JSON.parse(await readFile(place.at(out, 'comparison.json'), 'utf8'));

describe('a comparison', () => {
  it('prints the verdict and a table that fits in 100 columns, and publishes nothing', async () => {
    const { code, stdout, stderr } = await place.run(...COMPARE, '--threads', '1', '--out', 'serial');
    expect({ code, stderr: stderr.includes('Error') }).toEqual({ code: 0, stderr: false });
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^(no model is .*better than esmm|base is better than esmm)/);
    expect(lines[2]).toMatch(
      /^model +CVR AUC +CTCVR shared +CTCVR own +CTR AUC +difference in CTCVR own \(95%\) +claim$/,
    );
    for (const line of lines.slice(2, 5)) expect(line.length).toBeLessThanOrEqual(100);
    expect(stderr).toMatch(/\nrun 1\/10: shared-ctr seed 1, /);
    expect(stderr).toMatch(/\nrun 10\/10: base seed 2/);
    expect(await place.listing('bucket')).toEqual([]);
    const { models, protocol, options } = await comparisonIn('serial');
    expect(protocol).toBe('declared split');
    expect(options).toMatchObject({ seeds: [1, 2], trials: 2, by: 'ctcvr_auc_own', against: 'esmm' });
    expect(models.map(({ name }) => name).toSorted()).toEqual(['base', 'esmm']);
    for (const { trials, seeds } of models) {
      expect(trials.map(({ settings }) => Object.keys(settings))).toEqual([
        [],
        ['training.learning_rate', 'training.l2_embeddings'],
      ]);
      expect(seeds.map(({ seed }) => seed)).toEqual([1, 2]);
    }
  });

  it('leaves out what does not suit the funnel, and says why', async () => {
    const text = await readFile(place.at('shop.yaml'), 'utf8');
    await place.write('unlabelled.yaml', text.replace('click: { label: clicked }', 'click: {}'));
    expect(await place.run('compare', 'unlabelled.yaml', '--data', 'log.csv')).toMatchObject({
      code: 2,
      stderr: 'entirespace: stages.click: got no label, expected one to compare by\n',
    });
  });

  it.each([
    [['--models', 'esm'], '--models: got esm, did you mean esmm? expected all, esmm, '],
    [['--models', 'base+mmoe'], '--models: base+mmoe does not suit this declaration: model.'],
    [['--against', 'all'], '--against: got all, expected the name of one model'],
    [['--against', 'bse'], '--against: got bse, did you mean base? expected all, '],
    [['--models', 'esmm,'], 'expected names separated by commas'],
    [['--seeds', '0'], 'expected a whole number from 1 to 1000'],
    [['--shares', '0.5,2'], 'expected numbers above 0, and at most 1, separated by commas'],
    [['--by', 'auc'], 'expected one of cvr_auc, ctcvr_auc_shared_ctr, ctcvr_auc_own, ctr_auc'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await place.run('compare', 'shop.yaml', '--data', 'log.csv', ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('train --like', () => {
  it('refuses a comparison of another declaration, and what is none', async () => {
    await place.write(
      'changed.yaml',
      (await readFile(place.at('shop.yaml'), 'utf8')).replace('epochs: 2', 'epochs: 3'),
    );
    const train = (declaration: string, like: string) =>
      place.run('train', declaration, '--data', 'log.csv', '-b', 'other', '--like', like);
    expect(await train('changed.yaml', 'serial/comparison.json')).toMatchObject({
      code: 2,
      stderr:
        'entirespace: --like: serial/comparison.json is of another declaration than changed.yaml, or it has changed since: compare its models again\n',
    });
    expect(await train('shop.yaml', 'shop.yaml')).toMatchObject({
      code: 2,
      stderr: 'entirespace: --like: shop.yaml is not a file of compare, expected its comparison.json\n',
    });
    expect(await train('shop.yaml', 'none.json')).toMatchObject({
      code: 2,
      stderr: 'entirespace: --like: got none.json, no such file\n',
    });
    expect(await place.listing('other')).toEqual([]);
  });
});
