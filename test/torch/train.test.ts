/** A training outside from the log to the published version, by the command. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fetchVersion } from '../../lib/registry/fetch-version.ts';
import { listVersions, readManifest } from '../../lib/registry/versions.ts';
import { openStore } from '../../lib/store/open-store.ts';
import { workplace } from '../bin/workplace.ts';
import { PYTHON, python, shop, shopLog, TORCHRUN, TRAINER } from './bundles.ts';

const place = workplace();
const CPU = ['--device', 'cpu'];

beforeAll(async () => {
  await place.write('shop.yaml', shop({ training: '{ batch_size: 256, epochs: 4, patience: 4 }' }));
  await place.write('shop.csv', shopLog(6_000));
  expect(await place.run('export-training', 'shop.yaml', '--data', 'shop.csv', '--out', 'bundle')).toMatchObject({
    code: 0,
  });
  await python([TRAINER, place.at('bundle'), place.at('trained'), ...CPU]);
});

/** The same bundle, with epochs enough that its training can be stopped after the first one. */
async function longBundle(epochs: number): Promise<string> {
  const folder = place.at(`epochs-${epochs}`);
  await cp(place.at('bundle'), folder, { recursive: true });
  const facts = JSON.parse(await readFile(join(folder, 'bundle.json'), 'utf8'));
  await writeFile(join(folder, 'bundle.json'), JSON.stringify({ ...facts, epochs, patience: null }));
  return folder;
}

const weightsOf = (out: string) => readFile(place.at(out, '0.safetensors'));

describe('weights that were trained outside', () => {
  it('are published, judged and reported like any others, and the manifest tells where they are from', async () => {
    const run = await place.run('train', 'shop.yaml', '--data', 'shop.csv', '--weights', 'trained', '--bucket', 'out');
    expect(run).toMatchObject({ code: 0 });
    expect(run.stdout).toContain('now the current version');
    const store = openStore(place.at('out'));
    const [version = ''] = await listVersions(store, 'shop');
    const { training, files } = await readManifest(store, 'shop', version);
    expect(training.elsewhere).toMatchObject({ device: 'cpu', processes: 1, precision: 'float32' });
    expect(training.elsewhere?.engine).toMatch(/^pytorch \d/);
    expect(Object.keys(files)).toContain('report.html');
  });

  it('are as good as those that are trained here', async () => {
    for (const args of [[], ['--weights', 'trained']])
      await place.run(
        'train',
        'shop.yaml',
        '--data',
        'shop.csv',
        ...args,
        '--bucket',
        args.length === 0 ? 'here' : 'out2',
      );
    const figures = async (bucket: string) => {
      const store = openStore(place.at(bucket));
      const [version = ''] = await listVersions(store, 'shop');
      const folder = await fetchVersion(store, 'shop', version, place.at('cache'));
      return JSON.parse(await readFile(join(folder, 'metrics.json'), 'utf8')).tasks;
    };
    const [here, there] = [await figures('here'), await figures('out2')];
    for (const [name, { auc }] of Object.entries(here as Record<string, { auc: number }>))
      expect(Math.abs(auc - there[name].auc), name).toBeLessThan(0.002);
  });

  it('are refused for another log, in one line', async () => {
    await place.write('other.csv', shopLog(3_000));
    const run = await place.run('train', 'shop.yaml', '--data', 'other.csv', '--weights', 'trained', '--bucket', 'no');
    expect(run.code).toBe(4);
    expect(run.stderr).toContain(
      'belong to another log or declaration: their vocabularies and inputs are not those of this one',
    );
  });

  it('are refused where a byte was changed', async () => {
    await cp(place.at('trained'), place.at('changed'), { recursive: true });
    await appendFile(place.at('changed/0.safetensors'), '!');
    const run = await place.run('train', 'shop.yaml', '--data', 'shop.csv', '--weights', 'changed', '--bucket', 'no');
    expect(run.code).toBe(4);
    expect(run.stderr).toContain('were changed: 0.safetensors has another SHA-256');
  });

  it('are asked for where the folder has none', async () => {
    const run = await place.run('train', 'shop.yaml', '--data', 'shop.csv', '--weights', 'bundle', '--bucket', 'no');
    expect(run.code).toBe(4);
    expect(run.stderr).toContain('trained.json is not there, expected the folder of trained weights');
  });
});

describe('the trainer', () => {
  it('has the same bytes again after it was stopped and started again', async () => {
    const bundle = await longBundle(30);
    const trainer = [TRAINER, bundle, place.at('stopped'), ...CPU];
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const running = spawn(PYTHON, trainer, { env: { ...process.env, OMP_NUM_THREADS: '1' } });
      // Its first line comes with the first epoch: it is in the midst of its work.
      running.stdout.once('data', () => running.kill(signal));
      expect(await once(running, 'exit')).toEqual(signal === 'SIGTERM' ? [143, null] : [null, signal]);
    }
    await python(trainer);
    await python([TRAINER, bundle, place.at('whole'), ...CPU]);
    expect((await weightsOf('stopped')).equals(await weightsOf('whole'))).toBe(true);
  });

  it('has the same bytes by two processes, whether they divide the tables, and are stopped meanwhile, or not', async () => {
    const bundle = await longBundle(8);
    const divided = [TRAINER, bundle, place.at('divided'), ...CPU, '--divide-tables'];
    const running = spawn(TORCHRUN, ['--nproc-per-node=2', '--standalone', ...divided], {
      env: { ...process.env, OMP_NUM_THREADS: '1' },
    });
    running.stdout.once('data', () => running.kill('SIGTERM'));
    await once(running, 'exit');
    expect(await readdir(place.at('divided'))).toEqual(['checkpoint.pt']);
    expect(await python(divided, 2)).toContain('continues at step');
    await python([TRAINER, bundle, place.at('undivided'), ...CPU], 2);
    expect((await weightsOf('divided')).equals(await weightsOf('undivided'))).toBe(true);
  });

  it('refuses a bundle that was changed, and a folder that is none', async () => {
    await cp(place.at('bundle'), place.at('broken'), { recursive: true });
    await writeFile(place.at('broken/order/001.u32'), '');
    await expect(python([TRAINER, place.at('broken'), place.at('no'), ...CPU])).rejects.toThrow(
      'order/001.u32 was changed: it has another SHA-256 than bundle.json gives',
    );
    await rm(place.at('no'), { recursive: true, force: true });
    await expect(python([TRAINER, place.at('trained'), place.at('no'), ...CPU])).rejects.toThrow(
      'bundle.json is not there, expected the folder that `entirespace export-training` wrote',
    );
  });
});

describe('export-training', () => {
  it('refuses a folder that has files, and a model that chooses its rows', async () => {
    expect(await place.run('export-training', 'shop.yaml', '--data', 'shop.csv', '--out', 'bundle')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('bundle is not empty, expected a new folder for the bundle'),
    });
    await place.write('aman.yaml', shop({ model: '{ type: aman, rate: 0.5, hidden_units: [8] }' }));
    expect(await place.run('export-training', 'aman.yaml', '--data', 'shop.csv', '--out', 'aman')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('on rows of its choice, expected a model that is trained on all rows'),
    });
  });
});
