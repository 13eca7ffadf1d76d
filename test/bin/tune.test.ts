import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Trial } from '../../lib/tune/trial.ts';
import { workplace } from './workplace.ts';

const place = workplace();
const TUNE = ['tune', 'shop.yaml', '--data', 'log.csv', '--bucket', 'tuned'];
const trialsIn = async (name: string): Promise<readonly Trial[]> =>
  JSON.parse(await readFile(place.at(name), 'utf8')).trials;

describe('a search', () => {
  it('prints its trials, the best first, and leaves nothing behind but its file', async () => {
    const { code, stdout, stderr } = await place.run(...TUNE, '--trials', '6');
    expect({ code, stderr: stderr.includes('Error') }).toEqual({ code: 0, stderr: false });
    const trials = await trialsIn('tune.json');
    expect(trials.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(trials[0]?.settings).toEqual({
      'training.learning_rate': 0.001,
      'training.l2_embeddings': 0,
      'training.dropout': 0,
      'model.hidden_units': [8],
      'training.batch_size': 512,
    });
    expect(stdout).toMatch(/^trial +loss +AUC pctr +AUC pcvr +AUC pctcvr +best epoch +outcome +learning_rate/);
    const losses = trials.filter(({ outcome }) => outcome === 'finished').map(({ loss }) => loss as number);
    expect(stdout.split('\n')[1]).toContain(Math.min(...losses).toFixed(5));
    expect(stderr).toMatch(
      /\ntrial 1\/6: validation loss 0\.\d{5}, the best so far, learning_rate 0\.001, l2_embeddings 0, dropout 0, hidden_units \[8\], batch_size 512, /,
    );
    expect(await place.listing('tuned')).toEqual([]);
  });

  it('continues with the trials that are left, and draws the same', async () => {
    const whole = await trialsIn('tune.json');
    await place.write('part.json', JSON.stringify({ ...(await fileOf('tune.json')), trials: whole.slice(0, 3) }));
    const { code, stderr } = await place.run(...TUNE, '--trials', '6', '--out', 'part.json');
    expect(code).toBe(0);
    expect(stderr).toContain('\ngoing on from part.json: 3 of 6 trials are done\n');
    expect(stderr).not.toContain('trial 3/6');
    const withoutTimes = (trials: readonly Trial[]) => trials.map((trial) => ({ ...trial, seconds: 0 }));
    expect(withoutTimes(await trialsIn('part.json'))).toEqual(withoutTimes(whole));
  });

  it('is refused where the file is another, and leaves it as it is', async () => {
    const before = await readFile(place.at('tune.json'), 'utf8');
    expect(await place.run(...TUNE, '--seed', '9')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        'entirespace: tune.json is of another seed: remove it, or name another file with --out\n',
      ),
    });
    expect(await readFile(place.at('tune.json'), 'utf8')).toBe(before);
    await place.write('other.json', '{}');
    expect((await place.run(...TUNE, '--out', 'other.json')).stderr).toContain(
      'entirespace: other.json is not a file of tune, expected one, or none (--out names another)\n',
    );
  });

  it('publishes the best with --refit, trained on training and validation rows', async () => {
    const { code, stdout } = await place.run(...TUNE, '--trials', '6', '--refit', '--no-promote', '--json');
    expect(code).toBe(0);
    const { refit, best, trials, fragment } = JSON.parse(stdout);
    expect(refit).toMatchObject({ name: 'shop', isCurrent: false });
    const versions = await readdir(place.at('tuned/models/shop'));
    expect(versions).toHaveLength(1);
    expect(fragment).toContain('training:\n  learning_rate: ');
    const manifest = JSON.parse(
      await readFile(place.at('tuned/models/shop', versions[0] as string, 'manifest.json'), 'utf8'),
    );
    const { train, validation, test } = manifest.data.rows;
    expect(validation).toBe(0);
    expect(train + test).toBe(3000);
    expect(manifest.training.epochs).toBe(trials[best - 1].networks[0].bestEpoch);
  });

  it('with --refit needs no validation rows for anything else', async () => {
    const calibrated = (await readFile(place.at('shop.yaml'), 'utf8')).replace(
      'epochs: 2',
      'epochs: 2, calibration: platt',
    );
    await place.write('calibrated.yaml', calibrated);
    expect(await place.run('tune', 'calibrated.yaml', '--data', 'log.csv', '--refit')).toMatchObject({
      code: 2,
      stderr: 'entirespace: --refit: leaves no validation rows to calibrate on (training.calibration is platt)\n',
    });
  });
});

async function fileOf(name: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(place.at(name), 'utf8'));
}
