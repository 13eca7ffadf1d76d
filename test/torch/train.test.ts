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

/** The same bundle, with more epochs than a test waits for: its training ends when it is stopped. */
async function endlessBundle(): Promise<string> {
  const folder = place.at('endless');
  await cp(place.at('bundle'), folder, { recursive: true });
  const facts = JSON.parse(await readFile(join(folder, 'bundle.json'), 'utf8'));
  await writeFile(join(folder, 'bundle.json'), JSON.stringify({ ...facts, epochs: 1_000_000, patience: null }));
  return folder;
}

/** Starts a trainer, sends it a signal at its first line, and returns that line and how it ended. */
async function stopped(command: string, args: readonly string[], signal: NodeJS.Signals) {
  const running = spawn(command, args, { env: { ...process.env, OMP_NUM_THREADS: '1' } });
  const line = once(running.stdout, 'data').then(([data]) => {
    running.kill(signal);
    return String(data);
  });
  const [code, endedBy] = await once(running, 'exit');
  return { line: await line, code, endedBy };
}

const weightsOf = (out: string, network = 0) => readFile(place.at(out, `${network}.safetensors`));

/** Metrics of the only version in a bucket. */
async function metricsOf(bucket: string) {
  const store = openStore(place.at(bucket));
  const [version = ''] = await listVersions(store, 'shop');
  const folder = await fetchVersion(store, 'shop', version, place.at('cache'));
  return JSON.parse(await readFile(join(folder, 'metrics.json'), 'utf8'));
}

interface Metrics {
  readonly tasks: Readonly<Record<string, { readonly auc: number }>>;
}

function expectSameAuc(actual: Metrics, expected: Metrics): void {
  for (const [name, { auc }] of Object.entries(expected.tasks))
    expect(Math.abs((actual.tasks[name]?.auc ?? Number.NaN) - auc), name).toBeLessThan(0.002);
}

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
    expectSameAuc(await metricsOf('out2'), await metricsOf('here'));
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
  it('has the same bytes again after it was paused in an epoch and started again', async () => {
    const paused = [TRAINER, place.at('bundle'), place.at('paused'), ...CPU];
    await python([...paused, '--steps', '25']);
    expect(await readdir(place.at('paused'))).toEqual(['checkpoint.pt']);
    expect(await python(paused)).toContain('continues at step 25, in epoch 2\n');
    expect((await weightsOf('paused')).equals(await weightsOf('trained'))).toBe(true);
  });

  it('keeps a checkpoint at SIGTERM, which a kill leaves as it is', async () => {
    const trainer = [TRAINER, await endlessBundle(), place.at('stopped'), ...CPU];
    expect(await stopped(PYTHON, trainer, 'SIGTERM')).toMatchObject({ code: 143, endedBy: null });
    const kept = await readFile(place.at('stopped/checkpoint.pt'));
    const killed = await stopped(PYTHON, trainer, 'SIGKILL');
    expect(killed).toMatchObject({ line: expect.stringContaining('continues at step'), endedBy: 'SIGKILL' });
    expect((await readFile(place.at('stopped/checkpoint.pt'))).equals(kept)).toBe(true);
  });

  it('has the same bytes by two processes, whether they divide the tables, and are paused meanwhile, or not', async () => {
    const divided = [TRAINER, place.at('bundle'), place.at('divided'), ...CPU, '--divide-tables'];
    await python([...divided, '--steps', '25'], 2);
    expect(await python(divided, 2)).toContain('continues at step 25, in epoch 2\n');
    await python([TRAINER, place.at('bundle'), place.at('undivided'), ...CPU], 2);
    expect((await weightsOf('divided')).equals(await weightsOf('undivided'))).toBe(true);
  });

  it('keeps a checkpoint at SIGTERM by two processes', async () => {
    const trainer = [TRAINER, await endlessBundle(), place.at('both'), ...CPU, '--divide-tables'];
    await stopped(TORCHRUN, ['--nproc-per-node=2', '--standalone', ...trainer], 'SIGTERM');
    expect(await readdir(place.at('both'))).toEqual(['checkpoint.pt']);
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

describe('a model with a network that chooses its rows by the predictions of others', () => {
  const CHOSEN = shop({
    model: '{ type: unbias, quantile: 0.5, hidden_units: [8] }',
    training: '{ batch_size: 64, epochs: 12, patience: 1, learning_rate: 0.01 }',
  });

  beforeAll(async () => {
    await place.write('unbias.yaml', CHOSEN);
    const run = await place.run('export-training', 'unbias.yaml', '--data', 'shop.csv', '--out', 'unbias');
    expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining('2 networks') });
  });

  it('stops each network where training here does, and comes home like any other', async () => {
    await python([TRAINER, place.at('unbias'), place.at('unbias-trained'), ...CPU]);
    for (const args of [
      ['--no-promote', '--bucket', 'unbias-here'],
      ['--no-promote', '--bucket', 'unbias-there', '--weights', 'unbias-trained'],
    ])
      expect(await place.run('train', 'unbias.yaml', '--data', 'shop.csv', ...args)).toMatchObject({ code: 0 });
    const [here, there] = [await metricsOf('unbias-here'), await metricsOf('unbias-there')];
    expectSameAuc(there, here);
    type Training = { network: string; best_epoch: number; stopped: string; epochs: unknown[] };
    const ends = ({ training }: { training: Training[] }) =>
      training.map(({ network, best_epoch, stopped, epochs }) => ({
        network,
        best_epoch,
        stopped,
        epochs: epochs.length,
      }));
    expect(ends(there)).toEqual(ends(here));
    expect(ends(here).map(({ network }) => network)).toEqual(['click', 'conversion']);
  });
});

describe('a model whose second network is trained on more rows than the first', () => {
  it('has the same bytes by two processes, whether they divide the tables, and are paused in the second network, or not', async () => {
    const training = '{ batch_size: 128, epochs: 2, patience: 2 }';
    const model = '{ type: oversampling, factor: 20, hidden_units: [8] }';
    await place.write('more.yaml', shop({ model, training }));
    const run = await place.run('export-training', 'more.yaml', '--data', 'shop.csv', '--out', 'more');
    expect(run).toMatchObject({ code: 0 });
    const divided = [TRAINER, place.at('more'), place.at('more-divided'), ...CPU, '--divide-tables'];
    await python([...divided, '--steps', '150'], 2);
    expect(await python(divided, 2)).toMatch(/^conversion continues at step 150, in epoch 2\n/);
    await python([TRAINER, place.at('more'), place.at('more-whole'), ...CPU], 2);
    for (const network of [0, 1])
      expect((await weightsOf('more-divided', network)).equals(await weightsOf('more-whole', network))).toBe(true);
  });
});

describe('export-training', () => {
  it('refuses a folder that has files', async () => {
    expect(await place.run('export-training', 'shop.yaml', '--data', 'shop.csv', '--out', 'bundle')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('bundle is not empty, expected a new folder for the bundle'),
    });
  });
});
