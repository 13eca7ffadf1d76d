/** The training container's entry, as a process over a folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../lib/engine/random.ts';
import { currentVersion } from '../../lib/registry/current.ts';
import { readManifest } from '../../lib/registry/versions.ts';
import { fileStore } from '../../lib/store/file-store.ts';
import type { Store } from '../../lib/store/store.ts';
import type { RunResult } from '../../training/run/run.ts';
import { type LogLine, startTraining, type TrainingProcess } from './process.ts';
import { DECLARATION_KEY, putPartitions, type ShopDeclaration, shopDeclaration } from './shop.ts';
import type { SyntheticLog } from './synthetic-log.ts';

const DAYS = 10;
const UNTIL = '2026-01-10';
const LOG: SyntheticLog = { seed: 1, rows: 30_000, start: new Date('2026-01-01T00:00:00.000Z'), days: DAYS };
/** Small batches, so that it takes seconds. */
const SLOW: ShopDeclaration = { batchSize: 8, epochs: 4 };

let folder: string;
let made = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'training-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Place {
  readonly store: Store;
  start(changes?: Readonly<Record<string, string>>): TrainingProcess;
}

async function place(declaration: ShopDeclaration | string = {}, log: SyntheticLog | null = LOG): Promise<Place> {
  const bucket = join(folder, `bucket-${made++}`);
  const store = fileStore(bucket);
  const text = typeof declaration === 'string' ? declaration : shopDeclaration(declaration);
  await store.put(DECLARATION_KEY, text);
  if (log !== null) await putPartitions(store, log);
  const scratch = await mkdtemp(join(folder, 'scratch-'));
  const settings = {
    BUCKET: bucket,
    MODEL_NAME: 'shop',
    RUN_ID: 'night-1',
    WINDOW_DAYS: String(DAYS),
    PARTITIONS_UNTIL: UNTIL,
    SCRATCH: scratch,
  };
  return { store, start: (changes = {}) => startTraining({ ...settings, ...changes }) };
}

async function modelBytes(store: Store): Promise<string> {
  const { version } = (await currentVersion(store, 'shop')) ?? { version: 'none' };
  const { body } = await store.get(`models/shop/${version}/model.onnx`);
  return Buffer.from(body).toString('base64');
}

async function resultOf(store: Store, runId: string): Promise<RunResult> {
  const { body } = await store.get(`_training/shop/${runId}/result.json`);
  return JSON.parse(new TextDecoder().decode(body));
}

async function keysUnder(store: Store, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

const messages = (lines: readonly LogLine[], message: string) => lines.filter((line) => line.message === message);

describe('a run', () => {
  it('trains on the window, promotes the first version, and leaves no more than its result', async () => {
    const { store, start } = await place();
    const run = start();
    expect(await run.ended).toEqual({ code: 0, signal: null, stderr: '' });
    expect(run.lines[0]).toMatchObject({ message: 'started', model: 'shop', runId: 'night-1', engine: 'onnxruntime' });
    expect(messages(run.lines, 'data window')).toMatchObject([
      { from: '2026-01-01', until: UNTIL, files: DAYS, missingDays: [] },
    ]);
    const result = await resultOf(store, 'night-1');
    expect(result).toMatchObject({ status: 'first', champion: null, model: 'shop', runId: 'night-1' });
    expect((await currentVersion(store, 'shop'))?.version).toBe(result.version);
    expect((await currentVersion(store, 'shop'))?.trainingEpoch).toBe(1);
    expect(await keysUnder(store, '_training/')).toEqual([
      '_training/shop/lease.json',
      '_training/shop/night-1/result.json',
    ]);
    // A state machine may start it again after its end.
    const again = start();
    expect((await again.ended).code).toBe(0);
    expect(again.lines.at(-1)).toMatchObject({ message: 'run is over already', version: result.version });
  });

  it('takes the window from the day that it first began', async () => {
    const { store, start } = await place();
    await store.put('_training/shop/night-1/window.json', JSON.stringify({ until: UNTIL }));
    const run = start({ PARTITIONS_UNTIL: '' });
    expect((await run.ended).code).toBe(0);
    expect(messages(run.lines, 'data window')).toMatchObject([{ from: '2026-01-01', until: UNTIL }]);
  });

  it('passes over days without data where that is allowed', async () => {
    const { store, start } = await place();
    await store.delete('data/dt=2026-01-03/part.csv');
    const run = start({ MAX_MISSING_DAYS: '1' });
    expect((await run.ended).code).toBe(0);
    expect(messages(run.lines, 'data window')).toMatchObject([{ files: DAYS - 1, missingDays: ['2026-01-03'] }]);
  });
});

describe('an interrupted run', () => {
  let reference: string;

  beforeAll(async () => {
    const { store, start } = await place(SLOW);
    expect((await start().ended).code).toBe(0);
    reference = await modelBytes(store);
  }, 60_000);

  it('that is killed at any moment goes on to the same model, at most one checkpoint behind', {
    timeout: 120_000,
  }, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = randomStream(seed, 'kills');
    const { store, start } = await place(SLOW);
    const interval = { CHECKPOINT_MINUTES: '0.005' };
    let written = 0;
    let kills = 0;
    for (; kills < 3; kills++) {
      const run = start(interval);
      if (kills === 0) await run.line('checkpoint written');
      else await run.line('going on from a checkpoint');
      await delay(random.uniform(kills) * 700);
      run.child.kill('SIGKILL');
      await run.ended;
      const resumed = messages(run.lines, 'going on from a checkpoint')[0];
      if (kills > 0) expect(Number(resumed?.step), `seed ${seed}`).toBeGreaterThanOrEqual(written);
      written = Number(messages(run.lines, 'checkpoint written').at(-1)?.step ?? resumed?.step);
    }
    const last = start(interval);
    expect((await last.ended).code, `seed ${seed}`).toBe(0);
    expect(await modelBytes(store), `seed ${seed}`).toBe(reference);
    const { version } = await resultOf(store, 'night-1');
    const { training } = await readManifest(store, 'shop', version);
    // A process that is killed before its own first checkpoint leaves no trace.
    const steps = training.resumed?.map(({ step }) => step) ?? [];
    expect(steps.length).toBeGreaterThan(0);
    expect(steps.length).toBeLessThanOrEqual(kills);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(steps.at(-1)).toBeGreaterThanOrEqual(written);
    expect(await keysUnder(store, '_training/shop/checkpoints/')).toEqual([]);
  });

  it('keeps its state at SIGTERM, however long ago the last checkpoint was, and lets go of the lease', {
    timeout: 60_000,
  }, async () => {
    const { store, start } = await place(SLOW);
    const run = start();
    await run.line('began', { phase: 'train', epoch: 2 });
    run.child.kill('SIGTERM');
    expect((await run.ended).code).toBe(143);
    expect(messages(run.lines, 'checkpoint written')).toHaveLength(1);
    expect(run.lines.at(-1)).toMatchObject({
      level: 'ERROR',
      message: 'terminated: what was learnt is kept, the same run id goes on from it',
    });
    // Another run of the same declaration and data goes on from it as well.
    const other = start({ RUN_ID: 'night-2' });
    expect((await other.ended).code).toBe(0);
    expect(messages(other.lines, 'going on from a checkpoint')).toHaveLength(1);
    expect(await modelBytes(store)).toBe(reference);
  });

  it('begins anew where anything else than the interruption is different', { timeout: 60_000 }, async () => {
    const { store, start } = await place(SLOW);
    const run = start();
    await run.line('began', { phase: 'train' });
    run.child.kill('SIGTERM');
    await run.ended;
    const other = start({ SEED: '7', WINDOW_DAYS: '9' });
    await other.line('checkpoint not used');
    other.child.kill('SIGKILL');
    await other.ended;
    expect(messages(other.lines, 'checkpoint not used')).toMatchObject([
      {
        key: '_training/shop/checkpoints/00000001-00000001/checkpoint.json',
        why: 'it is of another data window, of another seed',
      },
    ]);
    expect((await keysUnder(store, '_training/shop/checkpoints/')).length).toBeGreaterThan(0);
  });

  it('is waited for by no other: the second one ends at once, and the first goes on', { timeout: 60_000 }, async () => {
    const { store, start } = await place(SLOW);
    const first = start();
    await first.line('lease taken');
    const second = start({ RUN_ID: 'night-2', SCRATCH: await mkdtemp(join(folder, 'scratch-')) });
    expect((await second.ended).code).toBe(9);
    expect(second.lines.at(-1)?.message).toMatch(
      /^model shop is being trained by run night-1, whose lease holds until 2\d{3}-.*Z unless it is renewed \(in file:.*\)$/,
    );
    expect((await first.ended).code).toBe(0);
    expect(await modelBytes(store)).toBe(reference);
  });
});

describe('a run ends with one line, and nothing published', () => {
  interface Case {
    readonly what: string;
    readonly change: (place: Place) => Promise<unknown>;
    readonly environment?: Readonly<Record<string, string>>;
    readonly code: number;
    readonly message: string | RegExp;
  }
  const day = 'data/dt=2026-01-03/part.csv';
  const nothing = async () => undefined;
  const cases: readonly Case[] = [
    {
      what: 'a setting that is absent',
      change: nothing,
      environment: { MODEL_NAME: '' },
      code: 2,
      message: 'environment: MODEL_NAME is not set',
    },
    {
      what: 'a setting that is no number',
      change: nothing,
      environment: { WINDOW_DAYS: 'ten' },
      code: 2,
      message: 'environment: WINDOW_DAYS must be a whole number from 1 to 3660, got "ten"',
    },
    {
      what: 'a day that is none',
      change: nothing,
      environment: { PARTITIONS_UNTIL: '2026-02-30' },
      code: 2,
      message: 'environment: PARTITIONS_UNTIL must be a day like 2026-01-31, got "2026-02-30"',
    },
    {
      what: 'no declaration',
      change: ({ store }) => store.delete(DECLARATION_KEY),
      code: 3,
      message: /^file:.*\/training\/shop\/entirespace\.yaml:1:1 no such object in the bucket \(DECLARATION_KEY\)$/,
    },
    {
      what: "another model's declaration",
      change: ({ store }) => store.put(DECLARATION_KEY, shopDeclaration().replace('name: shop', 'name: cinema')),
      code: 3,
      message: /^file:.*\/entirespace\.yaml:1:1 name is cinema, expected shop \(MODEL_NAME\)$/,
    },
    {
      what: 'no data in the window',
      change: nothing,
      environment: { PARTITIONS_UNTIL: '2025-06-30' },
      code: 4,
      message: /^no data in file:.*\/data\/: no file in dt=2025-06-21\/ to dt=2025-06-30\/ \(WINDOW_DAYS is 10\)$/,
    },
    {
      what: 'a partition that is missing',
      change: async ({ store }) => {
        await store.delete(day);
        await store.put('data/dt=2026-01-03/_SUCCESS', '');
      },
      code: 4,
      message:
        /^partition missing in file:.*\/data\/: no \.parquet, \.csv or \.csv\.gz file in dt=2026-01-03\/, expected one for each day from 2026-01-01 to 2026-01-10 \(MAX_MISSING_DAYS is 0\)$/,
    },
    {
      what: 'half a Parquet file',
      change: async ({ store }) => {
        for (const key of await keysUnder(store, 'data/')) await store.delete(key);
        for (let date = 1; date <= DAYS; date++)
          await store.put(`data/dt=2026-01-${String(date).padStart(2, '0')}/part.parquet`, 'PAR1 and half of it');
      },
      code: 4,
      message: /^\/.*\/bucket-\d+\/data\/dt=2026-01-01\/part\.parquet /,
    },
    {
      what: 'a window without conversions',
      change: ({ store }) => putPartitions(store, { ...LOG, rows: 3000, lost: 1 }),
      code: 4,
      message: /bought/,
    },
    {
      what: 'too little memory',
      change: nothing,
      environment: { MEMORY_MIB: '3' },
      code: 6,
      message: /^the log does not fit in 3 MiB: raise MEMORY_MIB, or lower THREADS \(Out of Memory Error: /,
    },
    {
      what: 'no scratch folder',
      change: nothing,
      environment: { SCRATCH: '/no/such/folder' },
      code: 6,
      message: 'no scratch folder /no/such/folder (SCRATCH)',
    },
  ];

  it.each(cases)('for $what', async ({ change, environment, code, message }) => {
    const there = await place({}, { ...LOG, rows: 3000 });
    await change(there);
    const run = there.start(environment);
    const { code: got } = await run.ended;
    const last = run.lines.at(-1);
    expect(last?.level).toBe('ERROR');
    if (typeof message === 'string') expect(last?.message).toBe(message);
    else expect(last?.message).toMatch(message);
    expect(got).toBe(code);
    expect(await keysUnder(there.store, 'models/')).toEqual([]);
  });
});
