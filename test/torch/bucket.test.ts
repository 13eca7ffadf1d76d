/** The trainer on a bundle in a bucket, with its checkpoints and weights there, on an emulator of S3. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { listVersions, readManifest } from '../../lib/registry/versions.ts';
import { openStore } from '../../lib/store/open-store.ts';
import type { Store } from '../../lib/store/store.ts';
import { type Emulator, startEmulator } from '../aws/emulator/emulator.ts';
import { s3Error, startFaultProxy } from '../aws/emulator/fault-proxy.ts';
import { makeBucketAt } from '../aws/emulator/make.ts';
import { workplace } from '../bin/workplace.ts';
import { PYTHON, python, shop, shopLog, TORCHRUN, TRAINER } from './bundles.ts';

const MINUTE = 60_000;
const place = workplace();
let emulator: Emulator;
let store: Store;
let bucket: string;

/** What a trainer finds in its environment, with the place for its copies. */
const environment = () => ({ ...emulator.env, TMPDIR: place.at('copies') });
const trainer = (bundle: string, out: string, ...options: string[]) => [
  TRAINER,
  bundle.startsWith('s3:') ? bundle : `${bucket}/${bundle}`,
  out.startsWith('s3:') ? out : `${bucket}/${out}`,
  '--device',
  'cpu',
  ...options,
];
const train = (args: readonly string[], processes = 1) => python(args, processes, environment());

async function keysBelow(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key.slice(prefix.length));
  return keys.toSorted();
}

const bytesOf = async (key: string) => Buffer.from((await store.get(key)).body);
const textOf = async (key: string) => (await bytesOf(key)).toString();

/** Copies the bundle, with what is changed in its description. */
async function copyBundle(to: string, changes: Readonly<Record<string, unknown>> = {}): Promise<void> {
  for (const key of await keysBelow('bundle/')) await store.copy(`bundle/${key}`, `${to}/${key}`);
  await store.put(
    `${to}/bundle.json`,
    JSON.stringify({ ...JSON.parse(await textOf('bundle/bundle.json')), ...changes }),
  );
}

/** Starts a trainer, sends it a signal once it has kept a checkpoint, and returns how it ended. */
async function ended(command: string, args: readonly string[], signal: NodeJS.Signals) {
  const running = spawn(command, args, {
    env: { ...process.env, OMP_NUM_THREADS: '1', ...environment() },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines: string[] = [];
  const isKept = (line: string) => line.startsWith('checkpoint kept in ');
  createInterface({ input: running.stdout }).on('line', (line) => {
    // Once: torchrun does not take a second one well.
    if (isKept(line) && !lines.some(isKept)) running.kill(signal);
    lines.push(line);
  });
  const [code, endedBy] = await once(running, 'exit');
  return { lines, code, endedBy };
}

/** What a trainer that fails writes, and the code that it ends with. */
async function failure(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const running = spawn(PYTHON, args, { env: { ...process.env, ...environment(), ...more } });
  let stderr = '';
  running.stderr.on('data', (data) => {
    stderr += data;
  });
  const [code] = await once(running, 'close');
  return { code, stderr };
}

/** Copies that trainers have left. */
const copiesLeft = async () => (await readdir(place.at('copies'))).filter((name) => name.startsWith('entirespace-'));

beforeAll(async () => {
  await mkdir(place.at('copies'));
  emulator = await startEmulator();
  const name = await makeBucketAt(emulator.endpoint);
  bucket = `s3://${name}`;
  store = openStore(bucket, emulator);
  await place.write('shop.yaml', shop({ training: '{ batch_size: 256, epochs: 4, patience: 4 }' }));
  await place.write('shop.csv', shopLog(6_000));
  const to = ['--out', `${bucket}/bundle`, '--endpoint', emulator.endpoint];
  expect(await place.run('export-training', 'shop.yaml', '--data', 'shop.csv', ...to)).toMatchObject({ code: 0 });
  expect(await train(trainer('bundle', 'trained'))).toContain('ended: ');
}, 3 * MINUTE);
afterEach(async () => expect(await copiesLeft()).toEqual([]));
afterAll(() => emulator?.stop());

describe('a training on a bundle in a bucket', () => {
  it('leaves its weights there, and nothing else anywhere', async () => {
    expect(await keysBelow('trained/')).toEqual(['0.safetensors', 'trained.json']);
  });

  it('has the same bytes as one on the same bundle in a folder', async () => {
    const local = ['export-training', 'shop.yaml', '--data', 'shop.csv', '--out', 'bundle'];
    expect(await place.run(...local)).toMatchObject({ code: 0 });
    await python([TRAINER, place.at('bundle'), place.at('trained'), '--device', 'cpu']);
    expect((await bytesOf('trained/0.safetensors')).equals(await readFile(place.at('trained/0.safetensors')))).toBe(
      true,
    );
  });

  it('is published by `train --weights`', async () => {
    const options = ['--weights', `${bucket}/trained`, '--bucket', bucket, '--endpoint', emulator.endpoint];
    expect(await place.run('train', 'shop.yaml', '--data', 'shop.csv', ...options)).toMatchObject({ code: 0 });
    const [version = ''] = await listVersions(store, 'shop');
    const { training } = await readManifest(store, 'shop', version);
    expect(training.elsewhere).toMatchObject({ device: 'cpu', processes: 1 });
  });

  it('goes on from the checkpoint there after SIGKILL and SIGTERM, to the same bytes', async () => {
    const whole = trainer('bundle', 'resumed');
    const atEachStep = [...whole, '--checkpoint-minutes', '0'];
    expect(await ended(PYTHON, atEachStep, 'SIGKILL')).toMatchObject({ endedBy: 'SIGKILL' });
    // What is killed cannot remove them.
    expect((await copiesLeft()).length).toBeGreaterThan(0);
    for (const name of await copiesLeft()) await rm(place.at('copies', name), { recursive: true });
    expect(await keysBelow('resumed/')).toEqual(['checkpoint.pt']);
    const stopped = await ended(PYTHON, atEachStep, 'SIGTERM');
    expect(stopped).toMatchObject({ code: 143, endedBy: null });
    expect(stopped.lines[0]).toMatch(/^continues at step \d+, in epoch 1$/);
    expect(await keysBelow('resumed/')).toEqual(['checkpoint.pt']);
    expect(await train(whole)).toMatch(/^continues at step /);
    expect(await keysBelow('resumed/')).toEqual(['0.safetensors', 'trained.json']);
    expect((await bytesOf('resumed/0.safetensors')).equals(await bytesOf('trained/0.safetensors'))).toBe(true);
  });
});

describe('two processes on a bundle in a bucket', () => {
  it('have the same bytes as two on one in a folder, paused meanwhile or not', async () => {
    const options = ['--divide-tables'];
    await train(trainer('bundle', 'both', ...options, '--steps', '25'), 2);
    expect(await keysBelow('both/')).toEqual(['checkpoint.pt']);
    expect(await train(trainer('bundle', 'both', ...options), 2)).toContain('continues at step 25, in epoch 2\n');
    await python([TRAINER, place.at('bundle'), place.at('both'), '--device', 'cpu', ...options], 2);
    expect(await keysBelow('both/')).toEqual(['0.safetensors', 'trained.json']);
    expect((await bytesOf('both/0.safetensors')).equals(await readFile(place.at('both/0.safetensors')))).toBe(true);
  });

  it('keep a checkpoint at SIGTERM', async () => {
    await copyBundle('endless', { epochs: 1_000_000, patience: null });
    const launched = [
      '--nproc-per-node=2',
      '--standalone',
      ...trainer('endless', 'stopped', '--checkpoint-minutes', '0'),
    ];
    await ended(TORCHRUN, launched, 'SIGTERM');
    expect(await keysBelow('stopped/')).toEqual(['checkpoint.pt']);
    const again = await ended(TORCHRUN, launched, 'SIGTERM');
    expect(again.lines[0]).toMatch(/^continues at step \d+, in epoch \d+$/);
  });
});

describe('a trainer says in one line', () => {
  it('that there is no bundle', async () => {
    expect(await failure(trainer('nothing', 'no'))).toEqual({
      code: 4,
      stderr: `train.py: ${bucket}/nothing/bundle.json is not there, expected the folder that \`entirespace export-training\` wrote\n`,
    });
  });

  it('that a file of the bundle is not there, or was changed, or is named outside of it', async () => {
    await copyBundle('half');
    await store.put('half/order/001.u32', 'changed');
    expect(await failure(trainer('half', 'no'))).toEqual({
      code: 4,
      stderr: `train.py: ${bucket}/half/order/001.u32 was changed: it has another SHA-256 than bundle.json gives\n`,
    });
    await store.delete('half/order/001.u32');
    expect(await failure(trainer('half', 'no'))).toEqual({
      code: 4,
      stderr: `train.py: ${bucket}/half/order/001.u32 is not there, although bundle.json names it\n`,
    });
    await copyBundle('evil', { files: { '../evil': '' } });
    expect(await failure(trainer('evil', 'no'))).toEqual({
      code: 4,
      stderr: `train.py: ${bucket}/evil/bundle.json: got file ../evil, expected a path below the folder\n`,
    });
    await store.put('evil/bundle.json', '{ "format":');
    expect(await failure(trainer('evil', 'no'))).toMatchObject({
      code: 4,
      stderr: expect.stringContaining(`train.py: ${bucket}/evil/bundle.json is no JSON: `),
    });
  });

  it('that a checkpoint is of another bundle', async () => {
    await train(trainer('bundle', 'other', '--steps', '1'));
    await copyBundle('more', { epochs: 5 });
    expect(await failure(trainer('more', 'other'))).toEqual({
      code: 4,
      stderr: `train.py: ${bucket}/other/checkpoint.pt is a checkpoint of another bundle: name another folder\n`,
    });
  });

  it('that it has no right to read or to write', async () => {
    const proxy = await startFaultProxy(emulator.endpoint);
    const denied = s3Error(403, 'AccessDenied');
    proxy.inject({ when: ({ url }) => url.includes('/half/'), times: 100, answer: denied });
    proxy.inject({
      when: ({ url, method }) => url.includes('/mine/') && method !== 'HEAD',
      times: 100,
      answer: denied,
    });
    const byProxy = { AWS_ENDPOINT_URL: proxy.endpoint };
    const reading = await failure(trainer('half', 'no'), byProxy);
    expect(reading.code).toBe(1);
    expect(reading.stderr).toMatch(/^train\.py: s3:\/\/[^ ]+\/half\/bundle\.json cannot be read: .*ACCESS_DENIED.*\n$/);
    const writing = await failure(trainer('bundle', 'mine', '--steps', '1'), byProxy);
    expect(writing.code).toBe(1);
    expect(writing.stderr).toMatch(
      /^train\.py: s3:\/\/[^ ]+\/mine\/checkpoint\.pt cannot be written: .*ACCESS_DENIED.*\n$/,
    );
    await proxy.stop();
  });

  it('that a bucket for the weights is not there', async () => {
    const { code, stderr } = await failure(trainer('bundle', 's3://no-such-bucket/trained', '--steps', '1'));
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^train\.py: s3:\/\/no-such-bucket\/trained\/checkpoint\.pt cannot be written: .*NO_SUCH_BUCKET.*\n$/,
    );
  });

  it('that a bucket is no folder', async () => {
    const { code, stderr } = await failure(trainer('s3://whole-bucket', 'no'));
    expect(code).toBe(2);
    expect(stderr).toContain(
      'train.py: error: argument bundle: expected a folder or s3://bucket/folder, got s3://whole-bucket\n',
    );
  });
});
