/** A run whose training is another program's: three containers, one after the other, any of which may be ended. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { NotEnoughMemoryError } from '../../lib/config/machine.ts';
import { currentVersion } from '../../lib/registry/current.ts';
import { LeaseHeldError } from '../../lib/registry/errors.ts';
import { takeLease } from '../../lib/registry/lease.ts';
import { readManifest } from '../../lib/registry/versions.ts';
import { fileStore } from '../../lib/store/folder/file-store.ts';
import type { Store } from '../../lib/store/store.ts';
import { DataError } from '../../lib/table/errors.ts';
import { type RunStep, runSettings } from '../../training/run/environment.ts';
import type { RunResult } from '../../training/run/records.ts';
import { runStep } from '../../training/run/steps/run-step.ts';
import { SpotNoticeError } from '../../training/run/steps/spot-notice.ts';
import type { RunTools } from '../../training/run/tools.ts';
import { keysUnder } from '../process/training-task/place.ts';
import { DECLARATION_KEY, putPartitions, shopDeclaration } from '../training/shop.ts';

const LOG = { seed: 1, rows: 3000, start: new Date('2026-01-01T00:00:00.000Z'), days: 10 };

let folder: string;
/** A bucket, in a folder, after the first step of the run `night`. */
let exported: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steps-'));
  exported = join(folder, 'exported');
  const store = fileStore(exported);
  await store.put(DECLARATION_KEY, shopDeclaration({ epochs: 1 }));
  await putPartitions(store, LOG);
  await step(store, 'export');
});
afterAll(() => rm(folder, { recursive: true }));

interface StepOptions {
  readonly changes?: Readonly<Record<string, string>>;
  readonly lines?: string[];
  readonly count?: RunTools['count'];
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** A step in this process, on a machine of its own: an empty scratch folder. */
async function step(
  store: Store,
  name: RunStep,
  {
    changes = {},
    lines = [],
    count = () => undefined,
    onLine = () => undefined,
    signal = new AbortController().signal,
  }: StepOptions = {},
): Promise<RunResult | null> {
  const trainer = { PYTHON: process.execPath, TRAINER: join(import.meta.dirname, 'stand-in-trainer.mjs') };
  const settings = runSettings({
    BUCKET: 'memory',
    MODEL_NAME: 'shop',
    RUN_ID: 'night',
    PARTITIONS_UNTIL: '2026-01-10',
    WINDOW_DAYS: '10',
    THREADS: '1',
    MEMORY_MIB: '512',
    SCRATCH: await mkdtemp(join(folder, 'scratch-')),
    STEP: name,
    ...trainer,
    ...changes,
  });
  const log = (message: string, { line }: Readonly<Record<string, unknown>>) => {
    const text = line === undefined ? message : String(line);
    lines.push(text);
    onLine(text);
  };
  return runStep(settings, { store, log: { info: log, error: log }, count, signal });
}

/** A bucket of its own with what another one has. */
async function copyOf(from: string): Promise<Store> {
  const to = await mkdtemp(join(folder, 'bucket-'));
  await cp(from, to, { recursive: true });
  return fileStore(to);
}

const bundled = (store: Store) => keysUnder(store, '_bundles/');
const trained = (store: Store) => keysUnder(store, '_bundles/shop/night/trained/');

describe('the three steps', () => {
  it('publish what the trainer trained, ask the gate, and leave nothing', async () => {
    const store = await copyOf(exported);
    expect(await step(store, 'train')).toBeNull();
    expect(await trained(store)).toContain('_bundles/shop/night/trained/trained.json');
    const result = await step(store, 'publish');
    // Weights that nothing has learnt are no better than chance.
    expect(result).toMatchObject({ status: 'refused', champion: null });
    const version = result?.version ?? '';
    expect(await currentVersion(store, 'shop')).toBeNull();
    const { training } = await readManifest(store, 'shop', version);
    expect(training.elsewhere).toMatchObject({ engine: 'stand-in from step 0', precision: 'float32' });
    expect(await bundled(store)).toEqual([]);
    // Started again, each says that the run is over.
    for (const name of ['export', 'train', 'publish'] as const) {
      const lines: string[] = [];
      expect(await step(store, name, { lines })).toEqual(name === 'publish' ? result : null);
      expect(lines).toEqual(['run is over already']);
    }
  });

  it('are done once each, where one is started again', async () => {
    const store = await copyOf(exported);
    await step(store, 'train');
    const before = await bundled(store);
    for (const [name, line] of [
      ['export', 'exported before'],
      ['train', 'trained before'],
    ] as const) {
      const lines: string[] = [];
      await step(store, name, { lines });
      expect(lines).toEqual(['lease taken', line]);
    }
    expect(await bundled(store)).toEqual(before);
  });

  it('keep other runs out while each works', async () => {
    const store = await copyOf(exported);
    await takeLease(store, 'shop', { runId: 'other', lifetimeMs: 60_000 });
    for (const name of ['export', 'train', 'publish'] as const)
      await expect(step(store, name), name).rejects.toBeInstanceOf(LeaseHeldError);
    expect(await trained(store)).toEqual([]);
  });

  it('say what is missing, where one before has not been done', async () => {
    const store = await copyOf(exported);
    await expect(step(store, 'publish')).rejects.toThrow(
      new DataError(
        'weights_not_found',
        `${store.url}/_bundles/shop/night/trained/trained.json is not there, expected weights that a trainer wrote`,
      ),
    );
    await store.delete('_bundles/shop/night/bundle/bundle.json');
    await expect(step(store, 'train')).rejects.toThrow('_bundles/shop/night/bundle/bundle.json is not there');
  });
});

describe('the step that trains', () => {
  const TRAIN = { TRAINER_STEPS: '200' };
  /** Runs it, has it end once the trainer is at its second step, and returns why it did and the steps that it began with. */
  async function interrupted(store: Store, options: StepOptions, end: () => void) {
    for (const [name, value] of Object.entries(TRAIN)) vi.stubEnv(name, value);
    const lines: string[] = [];
    const isOut = await step(store, 'train', {
      ...options,
      lines,
      onLine: (line) => line === 'step 2' && end(),
    }).catch((error: unknown) => error);
    vi.unstubAllEnvs();
    return { error: isOut, lines };
  }

  it('keeps a checkpoint at SIGTERM, from which it goes on elsewhere', async () => {
    const store = await copyOf(exported);
    const stopping = new AbortController();
    const reason = new Error('terminated');
    const counts: unknown[] = [];
    const count = (values: unknown) => counts.push(values);
    const { error, lines } = await interrupted(store, { signal: stopping.signal, count }, () => stopping.abort(reason));
    expect(error).toBe(reason);
    expect(counts.at(-1)).toEqual({ CheckpointSeconds: 0.25 });
    expect(lines).toContain('began at step 0');
    expect(lines.at(-1)).toBe('checkpoint kept');
    expect(await trained(store)).toEqual(['_bundles/shop/night/trained/checkpoint.pt']);
    const again: string[] = [];
    await step(store, 'train', { lines: again });
    expect(again.find((line) => line.startsWith('began at'))).toMatch(/^began at step [2-9]\d?$/);
    expect(await trained(store)).toContain('_bundles/shop/night/trained/trained.json');
  });

  it('does so, too, where the Spot instance is warned', async () => {
    const store = await copyOf(exported);
    let isWarned = false;
    const metadata = createServer((request, response) => {
      if (request.method === 'PUT') response.end('token');
      else if (isWarned && request.headers['x-aws-ec2-metadata-token'] === 'token')
        response.end('{"action":"terminate"}');
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => metadata.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void metadata.close());
    const { port } = metadata.address() as AddressInfo;
    const changes = { AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${port}` };
    isWarned = true;
    const { error, lines } = await interrupted(store, { changes }, () => undefined);
    expect(error).toBeInstanceOf(SpotNoticeError);
    expect(lines).toContain('spot notice');
  });

  it.each([
    ['refused', DataError, 'train.py: rows/train-00000.parquet was changed'],
    ['killed', NotEnoughMemoryError, 'the trainer was killed by SIGKILL'],
    ['failed', Error, 'the trainer ended with exit code 1'],
  ])('says why, where the trainer is %s', async (failure, type, message) => {
    const store = await copyOf(exported);
    vi.stubEnv('TRAINER_FAILURE', failure);
    onTestFinished(() => void vi.unstubAllEnvs());
    const error = await step(store, 'train').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(type);
    expect(String(error)).toContain(message);
    expect(await trained(store)).not.toContain('_bundles/shop/night/trained/trained.json');
  });

  it('names the program that is not there', async () => {
    await expect(step(await copyOf(exported), 'train', { changes: { PYTHON: '/no/python' } })).rejects.toThrow(
      'trainer /no/python cannot be started (PYTHON)',
    );
  });
});

it('begins with fresh weights, and says so where others are asked for', () => {
  const variables = { BUCKET: 'b', MODEL_NAME: 'shop', RUN_ID: 'night', STEP: 'export', WARM_START: 'true' };
  expect(() => runSettings(variables)).toThrow(
    'environment: WARM_START must be false where STEP is export, got "true": a bundle begins with fresh weights',
  );
});
