/** What a run leaves behind where it is ended, or overtaken, between two of its last steps. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { currentVersion } from '../../lib/registry/current.ts';
import { listDecisions } from '../../lib/registry/decisions.ts';
import { LeaseLostError } from '../../lib/registry/errors.ts';
import { currentKey, manifestKey } from '../../lib/registry/keys.ts';
import { takeLease } from '../../lib/registry/lease.ts';
import { type MemoryStore, memoryStore } from '../../lib/store/memory-store.ts';
import type { Store } from '../../lib/store/store.ts';
import { DataError } from '../../lib/table/errors.ts';
import { runSettings } from '../../training/run/environment.ts';
import type { RunResult } from '../../training/run/records.ts';
import { runTraining } from '../../training/run/run.ts';
import { observe } from '../observe.ts';
import { DECLARATION_KEY, putPartitions, shopDeclaration } from '../training/shop.ts';

const LOG = { seed: 1, rows: 6000, start: new Date('2026-01-08T00:00:00.000Z'), days: 3 };

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'run-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function bucket(now?: () => Date): Promise<MemoryStore> {
  const store = memoryStore(now);
  await store.put(DECLARATION_KEY, shopDeclaration({ epochs: 1 }));
  await putPartitions(store, LOG);
  return store;
}

/** A run in this process, its lines in `lines`, and what each says in `details`. */
async function run(
  store: Store,
  lines: string[],
  changes: Readonly<Record<string, string>> = {},
  details: Record<string, unknown>[] = [],
): Promise<RunResult> {
  const variables = { BUCKET: 'memory', MODEL_NAME: 'shop', RUN_ID: 'night', PARTITIONS_UNTIL: '2026-01-10' };
  const limits = {
    WINDOW_DAYS: '3',
    THREADS: '1',
    MEMORY_MIB: '512',
    SCRATCH: await mkdtemp(join(folder, 'scratch-')),
  };
  const log = (message: string, more: Readonly<Record<string, unknown>>) => {
    lines.push(message);
    details.push(more);
  };
  return runTraining(runSettings({ ...variables, ...limits, ...changes }), {
    store,
    log: { info: log, error: log },
    count: () => undefined,
    signal: new AbortController().signal,
  });
}

/** The same store, in which something happens before each write. */
function beforePut(store: Store, happen: (key: string, body: string) => unknown): Store {
  return {
    ...store,
    async put(key, body, options) {
      await happen(key, String(body));
      return store.put(key, body, options);
    },
  };
}

describe('a run that is ended', () => {
  it.each([
    ['before it promotes', currentKey('shop'), 2],
    ['after it has promoted', '_training/shop/night/result.json', 1],
  ])('%s settles the same version when it is started again', async (_what, lastKey, trainingEpoch) => {
    const store = await bucket();
    const killed = beforePut(store, (key) => {
      if (key === lastKey) throw new Error('killed');
    });
    await expect(run(killed, [])).rejects.toThrow('killed');
    const lines: string[] = [];
    const result = await run(store, lines);
    const { version } = result;
    expect(result.status).toBe('first');
    expect(lines).toEqual(['lease taken', 'published before', 'decided']);
    expect(await currentVersion(store, 'shop')).toMatchObject({ version, trainingEpoch, earlier: [] });
    expect(await listDecisions(store, 'shop')).toMatchObject([{ version, verdict: 'first' }]);
    expect(store.keys().filter((key) => key.startsWith('_training/'))).toEqual([
      '_training/shop/lease.json',
      '_training/shop/night/result.json',
    ]);
    expect(store.keys().filter((key) => key.endsWith('/manifest.json'))).toEqual([manifestKey('shop', version)]);
    const more: string[] = [];
    expect(await run(store, more)).toEqual(result);
    expect(more).toEqual(['run is over already']);
  });
});

it('a run whose lease is taken while it trains stops there, and leaves checkpoints of its own epoch', async () => {
  let late = 0;
  const store = await bucket(() => new Date(Date.now() + late));
  const takeAndRelease = async (runId: string) =>
    (await takeLease(store, 'shop', { runId, lifetimeMs: 180_000 })).release();
  await takeAndRelease('evening');
  const overtaken = beforePut(store, async (key) => {
    if (late > 0 || !key.endsWith('/checkpoint.json')) return;
    late = 600_000;
    await takeAndRelease('morning');
    // Longer than from one renewal to the next.
    await delay(500);
  });
  const lines: string[] = [];
  await expect(run(overtaken, lines, { CHECKPOINT_MINUTES: '0', LEASE_SECONDS: '1' })).rejects.toThrow(
    new LeaseLostError('run night lost the lease on model shop: run morning has taken it (in memory:)'),
  );
  expect(lines).not.toContain('epoch ended');
  const kept = store.keys().filter((key) => key.startsWith('_training/shop/checkpoints/') && key.endsWith('.json'));
  expect(new Set(kept.map((key) => key.split('/')[3]?.slice(0, 8)))).toEqual(new Set(['00000002']));
  expect(await currentVersion(store, 'shop')).toBeNull();
});

it('a run whose lease is taken while it publishes decides nothing', async () => {
  let late = 0;
  const store = await bucket(() => new Date(Date.now() + late));
  const overtaken = beforePut(store, async (key) => {
    if (!key.endsWith('/manifest.json')) return;
    // It stood still for ten minutes.
    late = 600_000;
    await (await takeLease(store, 'shop', { runId: 'morning', lifetimeMs: 180_000 })).release();
  });
  await expect(run(overtaken, [])).rejects.toThrow(
    new LeaseLostError('run night lost the lease on model shop: run morning has taken it (in memory:)'),
  );
  expect(await currentVersion(store, 'shop')).toBeNull();
  expect(await listDecisions(store, 'shop')).toEqual([]);
});

it('a run that cannot release its lease says so, and ends for its own reason', async () => {
  const store = await bucket();
  const stuck = beforePut(store, (key, body) => {
    if (key.endsWith('/lease.json') && JSON.parse(body).isReleased) throw new Error('cannot put');
  });
  const lines: string[] = [];
  await expect(run(stuck, lines, { PARTITIONS_UNTIL: '2025-01-10' })).rejects.toBeInstanceOf(DataError);
  expect(lines).toEqual(['lease taken', 'lease not released']);
});

it('a warm start from a version that cannot be read now is a failure, no other training', async () => {
  const store = await bucket();
  const version = '20260101-000000-00000000';
  const current = { formatVersion: 1, version, reason: 'test', promotedAt: '2026-01-01T00:00:00.000Z', earlier: [] };
  await store.put(currentKey('shop'), JSON.stringify(current));
  const away: Store = {
    ...store,
    get: (key, options) =>
      key === manifestKey('shop', version) ? Promise.reject(new Error('connection refused')) : store.get(key, options),
  };
  const lines: string[] = [];
  await expect(run(away, lines, { WARM_START: 'true' })).rejects.toThrow('connection refused');
  expect(lines).toEqual(['lease taken', 'data window', 'fetched']);
});

it('a run whose scratch folder cannot be made lets go of the lease', async () => {
  const store = await bucket();
  const lines: string[] = [];
  await expect(run(store, lines, { SCRATCH: import.meta.filename })).rejects.toThrow(/^ENOTDIR: not a directory, /);
  expect(lines).toEqual(['lease taken']);
  expect((await run(store, [], { RUN_ID: 'other' })).status).toBe('first');
});

it('a run reads its window once, encodes it once, and scores the held-out rows once with each version', async () => {
  const store = await bucket();
  const declare = (features: 'both' | 'age') =>
    store.put(
      DECLARATION_KEY,
      shopDeclaration({ epochs: 2, features, training: 'calibration: platt, calibration_of: edges' }).replace(
        'split: { time: true,',
        'split: { hash: user,',
      ),
    );
  await declare('both');
  await run(store, []);
  // The version in use has a feature that the next one has not.
  await declare('age');
  const details: Record<string, unknown>[] = [];
  const observed = await observe(() => run(store, [], { RUN_ID: 'next', WARM_START: 'true' }, details));
  const { validation, test } = details.find((one) => 'validation' in one) as { validation: number; test: number };
  const { version } = (await currentVersion(store, 'shop')) ?? {};
  expect(observed.imports).toBe(LOG.days);
  expect(observed.readsOf(/read_parquet\(\[?'[^']*csv_\d+\.parquet'/)).toHaveLength(1);
  expect(observed.encodings).toBe(2);
  expect(test).toBeGreaterThan(1000);
  expect(observed.scored).toEqual({
    logits: validation,
    uncalibrated: test,
    // The report shuffles one feature three times.
    model: test + 3 * test,
    [version ?? 'none']: test,
  });
});
