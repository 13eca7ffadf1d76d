/** What an interrupted training goes on from, and what it does where that cannot be used. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { type MemoryStore, memoryStore } from '../../../lib/store/memory-store.ts';
import type { TrainingIdentity } from '../../../lib/training/checkpoint-record.ts';
import { type CheckpointEvent, Checkpoints } from '../../../lib/training/checkpoints.ts';
import { train } from '../../../lib/training/train.ts';
import { shopDeclaration } from '../../training/shop.ts';
import { syntheticLog } from '../../training/synthetic-log.ts';

const IDENTITY: TrainingIdentity = {
  declarationSha256: 'd',
  modelFileSha256: null,
  dataSha256: 'w',
  warmStart: null,
  seed: 1,
  engine: 'onnxruntime',
};
const FOLDER = '_training/shop/checkpoints/';

let folder: string;
let made = 0;
let whole: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoints-'));
  const start = new Date('2026-01-01T00:00:00.000Z');
  await writeFile(join(folder, 'log.csv'), syntheticLog({ seed: 1, rows: 4000, start, days: 10 }));
  whole = await run(memoryStore(), []);
});
afterAll(() => rm(folder, { recursive: true }));

interface RunOptions {
  readonly identity?: TrainingIdentity;
  readonly epoch?: number;
  /** Stops after so many steps of the first epoch. */
  readonly steps?: number;
  /** The network whose steps are counted, where the model has several. */
  readonly network?: string;
  /** More members of the declaration's `training`. */
  readonly training?: string;
  /** Members of the declaration's `model`. */
  readonly model?: string;
}

/** Trains with a checkpoint after every step, and returns the model. */
async function run(
  store: MemoryStore,
  events: CheckpointEvent[],
  {
    identity = IDENTITY,
    epoch = 1,
    steps = Number.POSITIVE_INFINITY,
    network,
    training = '',
    model = '',
  }: RunOptions = {},
): Promise<Buffer> {
  const scratch = join(folder, String(made++));
  await mkdir(join(scratch, 'checkpoint'), { recursive: true });
  const stop = new AbortController();
  const declarationText = shopDeclaration({ batchSize: 256, epochs: 2, training }).replace(
    'model: { ',
    `model: { ${model}`,
  );
  const { folder: trained } = await train({
    declaration: parseDeclaration(declarationText, 'shop.yaml'),
    declarationText,
    dataPath: join(folder, 'log.csv'),
    scratch,
    threads: 2,
    memoryLimitMiB: 512,
    checkpoints: new Checkpoints({
      store,
      name: 'shop',
      identity,
      epoch,
      everyMs: 0,
      threads: 2,
      scratch: join(scratch, 'checkpoint'),
      onEvent: (event) => events.push(event),
    }),
    onProgress: ({ phase, done, network: trained }) => {
      if (phase === 'train' && trained === network && done >= steps * 256) stop.abort(new Error('stopped'));
    },
    signal: stop.signal,
  });
  return readFile(join(trained, 'model.onnx'));
}

/** A store with the last two checkpoints of a training that was stopped after five steps. */
async function stopped(training = ''): Promise<MemoryStore> {
  const store = memoryStore();
  await expect(run(store, [], { steps: 5, training })).rejects.toThrow('stopped');
  return store;
}

const goneOn = (events: readonly CheckpointEvent[]) => events.filter(({ kind }) => kind !== 'written');

describe('checkpoints', () => {
  it('are kept two at a time, and gone on from to the same bytes', async () => {
    const store = await stopped();
    expect(store.keys()).toEqual(
      ['00000004', '00000005'].flatMap((number) =>
        ['checkpoint.json', 'state.bin'].map((file) => `${FOLDER}00000001-${number}/${file}`),
      ),
    );
    const events: CheckpointEvent[] = [];
    expect((await run(store, events, { epoch: 2 })).equals(whole)).toBe(true);
    expect(goneOn(events)).toEqual([{ kind: 'resumed', step: 5, epoch: 1 }]);
    expect(events.filter(({ kind }) => kind === 'written')[0]).toMatchObject({ step: 6 });
  });

  it.each([
    'optimizer: adagrad, warmup_steps: 7, learning_rate_decay: linear',
    'optimizer: rowwise_adagrad, warmup_steps: 7, learning_rate_decay: cosine, dropout: 0.2',
    'optimizer: sgd, momentum: 0.9, learning_rate_decay: linear',
  ])('are gone on from to the same bytes with %s', async (training) => {
    const uninterrupted = await run(memoryStore(), [], { training });
    const events: CheckpointEvent[] = [];
    expect((await run(await stopped(training), events, { epoch: 2, training })).equals(uninterrupted)).toBe(true);
    expect(goneOn(events)).toEqual([{ kind: 'resumed', step: 5, epoch: 1 }]);
    expect(uninterrupted.equals(whole)).toBe(false);
  });

  it.each([
    {
      what: 'whose state was changed',
      change: (store: MemoryStore) => store.put(`${FOLDER}00000001-00000005/state.bin`, 'another state'),
      why: 'its state is not what was written',
    },
    {
      what: 'whose record was never written',
      change: (store: MemoryStore) => store.delete(`${FOLDER}00000001-00000005/checkpoint.json`),
      why: 'it is not complete',
    },
    {
      what: 'whose record is no JSON',
      change: (store: MemoryStore) => store.put(`${FOLDER}00000001-00000005/checkpoint.json`, '{'),
      why: 'its record cannot be read',
    },
  ])('$what: the one before is used', async ({ change, why }) => {
    const store = await stopped();
    await change(store);
    const events: CheckpointEvent[] = [];
    expect((await run(store, events, { epoch: 2 })).equals(whole)).toBe(true);
    expect(goneOn(events)).toEqual([
      { kind: 'useless', key: `${FOLDER}00000001-00000005/checkpoint.json`, why },
      { kind: 'resumed', step: 4, epoch: 1 },
    ]);
  });

  it.each([
    { change: { declarationSha256: 'e' }, why: 'it is of another declaration' },
    { change: { modelFileSha256: 'm' }, why: 'it is of another model file' },
    { change: { dataSha256: 'v' }, why: 'it is of another data window' },
    { change: { warmStart: '20260101-000000-00000000' }, why: 'it is of another version to begin with' },
    { change: { seed: 2 }, why: 'it is of another seed' },
    { change: { engine: 'tfjs-node' as const }, why: 'it is of another training engine' },
  ])('of another training are left alone: $why', async ({ change, why }) => {
    const store = await stopped();
    const events: CheckpointEvent[] = [];
    const identity = { ...IDENTITY, ...change };
    await expect(run(store, events, { identity, epoch: 2, steps: 1 })).rejects.toThrow('stopped');
    expect(goneOn(events).map((event) => 'why' in event && event.why)).toEqual([why, why]);
  });

  it('are read no further where they come from a release with another format', async () => {
    const store = await stopped();
    for (const number of ['00000004', '00000005']) {
      const key = `${FOLDER}00000001-${number}/checkpoint.json`;
      const record = JSON.parse(new TextDecoder().decode((await store.get(key)).body));
      await store.put(key, JSON.stringify({ ...record, format: 4 }));
    }
    const events: CheckpointEvent[] = [];
    expect((await run(store, events, { epoch: 2 })).equals(whole)).toBe(true);
    expect(goneOn(events)).toMatchObject(Array(2).fill({ kind: 'useless', why: 'it has format 4, expected 3' }));
  });

  it.each([
    { type: 'base', network: 'click', steps: 5, told: { step: 5, network: 'click' } },
    // The shop has some 900 clicked training rows: the fourth batch ends an epoch.
    { type: 'base', network: 'conversion', steps: 2, told: { step: 2, network: 'conversion' } },
    { type: 'unbias', network: 'click for fold 2', steps: 2, told: { step: 2, network: 'click for fold 2' } },
    { type: 'unbias', network: 'conversion', steps: 1, told: { step: 1, network: 'conversion' } },
  ])('are gone on from in the network $network of $type, to the same bytes', async ({ type, told, ...where }) => {
    const model = `type: ${type}, `;
    const uninterrupted = await run(memoryStore(), [], { model });
    const store = memoryStore();
    await expect(run(store, [], { ...where, model })).rejects.toThrow('stopped');
    const events: CheckpointEvent[] = [];
    expect((await run(store, events, { epoch: 2, model })).equals(uninterrupted)).toBe(true);
    expect(goneOn(events)).toEqual([{ kind: 'resumed', epoch: 1, ...told }]);
    expect(uninterrupted.equals(whole)).toBe(false);
  });

  it('are gone on from in the network before, where the latest is damaged', async () => {
    const model = 'type: base, ';
    const uninterrupted = await run(memoryStore(), [], { model });
    const store = memoryStore();
    await expect(run(store, [], { network: 'conversion', steps: 1, model })).rejects.toThrow('stopped');
    const states = store.keys().filter((key) => key.endsWith('state.bin'));
    await store.put(states.at(-1) as string, 'another state');
    const events: CheckpointEvent[] = [];
    expect((await run(store, events, { epoch: 2, model })).equals(uninterrupted)).toBe(true);
    expect(goneOn(events)).toMatchObject([
      { kind: 'useless', why: 'its state is not what was written' },
      { kind: 'resumed', network: 'click' },
    ]);
  });
});
