/** LightGBM as a competitor, by the command. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { SCRIPT } from '../../lib/compare/gbdt/python.ts';
import type { Comparison } from '../../lib/compare/result/comparison-file.ts';
import { ONCE_EACH } from '../bin/small-log.ts';
import { until, workplace } from '../bin/workplace.ts';
import { PYTHON } from './python.ts';

const place = workplace();
const compare = (log: string, out: string, ...args: string[]) => [
  ...['compare', 'shop.yaml', '--data', log, '--out', out, '--python', PYTHON],
  ...args,
];
const ALONE = ['--models', 'gbdt', '--against', 'gbdt', '--seeds', '1', '--trials', '1'];
const textIn = (out: string) => readFile(place.at(out, 'comparison.json'), 'utf8');
const comparisonIn = async (out: string): Promise<Comparison> => JSON.parse(await textIn(out));

/** A log in which the click depends on one of 600 items, the conversion on a value in a list, and on nothing else. */
const LOG = `
  SELECT row, age, 'item ' || item AS item, history, clicked, clicked * (draw2 < if(buys, 0.6, 0.1))::INT AS bought
  FROM (
    SELECT *, (draw1 < if(hash(item) % 2 = 0, 0.6, 0.2))::INT AS clicked, list_contains(values, 7) AS buys,
      array_to_string(list_transform(values, v -> 'h' || v), '|') AS history
    FROM (
      SELECT row, hash(row || 'a') % 80 AS age, hash(row || 'b') % 600 AS item, hash(row || 'c') / 2 ** 64 AS draw1,
        hash(row || 'd') / 2 ** 64 AS draw2, [hash(row || 'e') % 10, hash(row || 'f') % 10, hash(row || 'g') % 10] AS values
      FROM range(20000) AS rows(row)
    )
  )`;

describe('trees', () => {
  it('find what one of many values tells, and what a value in a list tells', async () => {
    await place.writeRows('many.parquet', LOG);
    expect(await place.run(...compare('many.parquet', 'many', ...ALONE))).toMatchObject({ code: 0 });
    const [trees] = (await comparisonIn('many')).models;
    // Who knows the rates has 0.708: 0.75 of the clicks and a third of the other rows are of items with a rate of 0.6.
    expect(trees?.mean.ctr_auc).toBeGreaterThan(0.68);
    // Likewise 0.774, with 0.69 of the conversions and 0.14 of the other clicks.
    expect(trees?.mean.cvr_auc).toBeGreaterThan(0.7);
    for (const task of ['ctr', 'cvr', 'ctcvr']) {
      expect(trees?.averaged?.tasks[task]?.pcoc).toBeGreaterThan(0.93);
      expect(trees?.averaged?.tasks[task]?.pcoc).toBeLessThan(1.07);
    }
  });

  it('learn nothing from values that occur once each', async () => {
    await place.writeRows('random.parquet', ONCE_EACH);
    expect(await place.run(...compare('random.parquet', 'random', ...ALONE))).toMatchObject({ code: 0 });
    const [trees] = (await comparisonIn('random')).models;
    expect(trees?.mean.ctr_auc).toBeGreaterThan(0.45);
    expect(trees?.mean.ctr_auc).toBeLessThan(0.55);
    expect(trees?.averaged?.tasks.ctr?.pcoc).toBeCloseTo(1, 1);
  });

  it('are compared with models on shares of the rows, and give the same file however many runs there are at once', async () => {
    const args = ['--models', 'gbdt', '--seeds', '1', '--trials', '2', '--shares', '0.5'];
    const { code, stdout } = await place.run(...compare('log.csv', 'one', ...args, '--threads', '1'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/\ngbdt +0\.\d{4} +0\.\d{4} +0\.\d{4} +0\.\d{4} /);
    expect(await place.run(...compare('log.csv', 'three', ...args, '--threads', '3'))).toMatchObject({ code: 0 });
    expect(await textIn('three')).toBe(await textIn('one'));
    const { models, shares } = await comparisonIn('one');
    const trees = models.find(({ name }) => name === 'gbdt');
    expect(trees).toMatchObject({ isForComparisonOnly: true, onChosenRows: true, failures: [] });
    expect(trees?.trials.map(({ settings }) => Object.keys(settings))).toEqual([
      [],
      ['gbdt.num_leaves', 'gbdt.min_data_in_leaf', 'gbdt.lambda_l2'],
    ]);
    expect(shares.filter(({ name }) => name === 'gbdt').map(({ share }) => share)).toEqual([0.5, 1]);
  });

  it('are not trained again', async () => {
    const args = ['--models', 'gbdt', '--seeds', '1', '--trials', '2'];
    const { stderr } = await place.run(...compare('log.csv', 'one', ...args));
    expect(stderr).not.toMatch(/\nrun /);
  });

  it('are no model to train', async () => {
    expect(await place.run(...compare('log.csv', 'alone', ...ALONE))).toMatchObject({ code: 0 });
    const like = ['--like', 'alone/comparison.json'];
    expect(await place.run('train', 'shop.yaml', '--data', 'log.csv', '-b', 'like', ...like)).toMatchObject({
      code: 2,
      stderr:
        'entirespace: --like: alone/comparison.json found no model to train: none is shown to be better than gbdt, which is for comparison only (compare --against another)\n',
    });
  });

  it('are left alone where they have no rows to train on', async () => {
    const text = (await readFile(place.at('log.csv'), 'utf8')).split('\n');
    await place.write('few.csv', text.slice(0, 60).join('\n'));
    const args = ['--models', 'gbdt', '--seeds', '1', '--trials', '1', '--shares', '0.0001'];
    const { code, stderr } = await place.run(...compare('few.csv', 'few', ...args));
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /gbdt seed 1, 0.01% of the training rows, failed: no rows to train click on: none has a known/,
    );
  });

  it('end at once where the comparison is interrupted', async () => {
    const running = place.start(compare('log.csv', 'stopped', ...ALONE.slice(0, -1), '50', '--threads', '1'));
    await until(() => running.stderr().includes('run 2/'));
    running.signal('SIGINT');
    expect(await running.done).toMatchObject({ code: 130 });
    const records = await readdir(place.at('stopped/runs'));
    expect(records.length).toBeLessThan(20);
  });
});

describe('the script', () => {
  it('ends when the process that started it is gone', async () => {
    // Whatever it reads rows from, it waits for them for ever.
    const make = spawn('mkfifo', [place.at('rows')]);
    expect(await once(make, 'close')).toEqual([0, null]);
    const child = spawn(PYTHON, [SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'] });
    const rows = { path: place.at('rows'), rows: 1, layout: { ids: { item: 1 } } };
    const request = { blockRows: 8192, train: rows, validation: rows, test: rows, stages: [], features: [] };
    child.stdin.end(`${JSON.stringify({ ...request, taken: null, scores: place.at('scores') })}\n`);
    expect(await once(child, 'close')).toEqual([1, null]);
  });
});
