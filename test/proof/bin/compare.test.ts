/** Comparisons by the command: with several runs at once, interrupted, on shares of the rows, and trained as was found. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Comparison } from '../../../lib/compare/result/comparison-file.ts';
import { DECLARATION_FILE } from '../../../lib/contract/bucket.ts';
import { until, workplace } from '../../bin/workplace.ts';

const place = workplace();
const COMPARE = ['compare', 'shop.yaml', '--data', 'log.csv', '--models', 'base', '--seeds', '2', '--trials', '2'];
const textIn = (out: string) => readFile(place.at(out, 'comparison.json'), 'utf8');
const comparisonIn = async (out: string): Promise<Comparison> => JSON.parse(await textIn(out));

beforeAll(async () => {
  expect(await place.run(...COMPARE, '--threads', '1', '--out', 'serial')).toMatchObject({ code: 0 });
});

describe('a comparison', () => {
  it('gives the same file with several runs at once', async () => {
    expect(await place.run(...COMPARE, '--threads', '3', '--out', 'parallel')).toMatchObject({ code: 0 });
    expect(await textIn('parallel')).toBe(await textIn('serial'));
  });

  it('goes on from what is recorded once it was interrupted, and gives the same file', async () => {
    const running = place.start([...COMPARE, '--threads', '1', '--out', 'stopped']);
    await until(() => running.stderr().includes('run 3/10'));
    running.signal('SIGINT');
    expect(await running.done).toMatchObject({
      code: 130,
      stderr: expect.stringContaining('interrupted: nothing was published, what was complete before stays'),
    });
    const before = await readdir(place.at('stopped/runs'));
    expect(before.length).toBeGreaterThanOrEqual(3);
    expect(before.length).toBeLessThan(10);
    const { code, stderr } = await place.run(...COMPARE, '--threads', '2', '--out', 'stopped');
    expect(code).toBe(0);
    expect(stderr).toContain(
      `stopped has ${before.length} recorded runs: those of this declaration and log are not run again`,
    );
    expect(stderr).not.toContain('run 1/10');
    expect(await textIn('stopped')).toBe(await textIn('serial'));
  });

  it('runs nothing again for a subset of its models, and names a damaged record', async () => {
    const names = (await readdir(place.at('serial/runs'))).filter((name) => name.startsWith('shared'));
    await rm(place.at('serial/runs', names[0] as string));
    await place.write(`serial/runs/${names[1]}`, 'spoilt');
    const { code, stderr } = await place.run(...COMPARE, '--threads', '1', '--out', 'serial');
    expect(code).toBe(0);
    expect(stderr.match(/\nrun \d+\/10: [\w-]+ seed \d/g)).toHaveLength(2);
    expect(stderr).toContain('is damaged, and is run again: it has no header that can be read');
    expect(await textIn('serial')).toBe(await textIn('parallel'));
  });

  it('trains models on shares of the rows, those whose rows depend on a propensity among them', async () => {
    const { code, stdout } = await place.run(
      'compare',
      'shop.yaml',
      '--data',
      'log.csv',
      '--models',
      'unbias',
      '--seeds',
      '1',
      '--trials',
      '1',
      '--shares',
      '0.5',
      '--out',
      'shares',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nCTCVR own by share of the training rows +50% +100%\n/);
    const { shares, models } = await comparisonIn('shares');
    expect(models.flatMap(({ failures }) => failures)).toEqual([]);
    expect(shares.map(({ name, share }) => `${name} ${share}`).toSorted()).toEqual([
      'esmm 0.5',
      'esmm 1',
      'unbias 0.5',
      'unbias 1',
    ]);
  });
});

describe('train --like', () => {
  it('trains the model that was found, with its settings', async () => {
    const found = await comparisonIn('serial');
    const winner = { name: 'esmm+mmoe', settings: { 'training.learning_rate': 0.002 }, isShown: true };
    await place.write('found.json', JSON.stringify({ ...found, winner }));
    const { code, stderr } = await place.run(
      'train',
      'shop.yaml',
      '--data',
      'log.csv',
      '-b',
      'like',
      '--like',
      'found.json',
    );
    expect({ code, told: stderr.split('\n')[0] }).toEqual({
      code: 0,
      told: 'training esmm+mmoe, training.learning_rate 0.002: shown to be better than esmm (found.json)',
    });
    const [version = ''] = (await readdir(place.at('like/models/shop'))).filter((name) => /^\d{8}-/.test(name));
    const declared = await readFile(place.at('like/models/shop', version, DECLARATION_FILE), 'utf8');
    expect(declared).toContain('tower: mmoe');
    expect(declared).toContain('learning_rate: 0.002');
  });
});
