/** The step of a run that exports a bundle, whose rows functions encode. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RangesQueue } from '../../lib/bundle/fleet/ranges-queue.ts';
import { type MemoryStore, memoryStore } from '../../lib/store/memory-store.ts';
import { runSettings } from '../../training/run/environment.ts';
import { runStep } from '../../training/run/steps/run-step.ts';
import { localFleet, rangeProcesses } from '../bundle/fleet/local-fleet.ts';
import { instantClock } from '../scoring/world/local-run.ts';
import { DECLARATION_KEY, putPartitions, shopDeclaration } from '../training/shop.ts';

const PREFIX = '_bundles/shop/night/bundle/';

let folder: string;
let store: MemoryStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'export-by-functions-'));
});
afterAll(() => rm(folder, { recursive: true }));

type RangesOver = (store: MemoryStore) => Promise<RangesQueue | null>;

/** Exports over a bucket of its own, and returns the bundle by path. */
async function exported(rangesOver: RangesOver): Promise<Map<string, string>> {
  store = memoryStore();
  await store.put(DECLARATION_KEY, shopDeclaration({ epochs: 1 }));
  await putPartitions(store, { seed: 1, rows: 3000, start: new Date('2026-01-01T00:00:00.000Z'), days: 10 });
  return exportedAgain(rangesOver);
}

/** Exports over that bucket, in a container of its own: with an empty scratch folder. */
async function exportedAgain(rangesOver: RangesOver): Promise<Map<string, string>> {
  const settings = runSettings({
    BUCKET: 'memory',
    MODEL_NAME: 'shop',
    RUN_ID: 'night',
    PARTITIONS_UNTIL: '2026-01-10',
    WINDOW_DAYS: '10',
    THREADS: '1',
    MEMORY_MIB: '512',
    SCRATCH: await mkdtemp(join(folder, 'scratch-')),
    STEP: 'export',
  });
  const log = { info: () => undefined, error: () => undefined };
  const { signal } = new AbortController();
  const ranges = await rangesOver(store);
  expect(await runStep(settings, { store, log, count: () => undefined, ranges, signal })).toBeNull();
  const keys = store.keys().filter((key) => key.startsWith(PREFIX));
  const entries = keys.map(async (key): Promise<[string, string]> => {
    return [key.slice(PREFIX.length), Buffer.from((await store.get(key)).body).toString('base64')];
  });
  return new Map(await Promise.all(entries));
}

it('gives the same bundle as where processes of the task encode them, also where it is started again', async () => {
  const byTask = await exported(async () => null);
  const scratch = join(folder, 'functions');
  await mkdir(scratch);
  const closing: (() => Promise<unknown>)[] = [];
  const byFunctions = await exported(async (over) => {
    const { encoder, close } = await rangeProcesses(over, scratch, 1);
    closing.push(close);
    return localFleet({ store: over, scratch, encoder, newWriterId: () => crypto.randomUUID() });
  });
  await Promise.all(closing.map((close) => close()));
  expect(byFunctions).toEqual(byTask);
  expect([...byFunctions.keys()]).toContain('rows/train-00000.parquet');
  // Killed before the bundle was whole, and started again elsewhere, it asks for nothing that is done.
  for (const key of store.keys().filter((name) => name.startsWith(PREFIX))) await store.delete(key);
  const encoder = { encode: () => Promise.reject(new Error('encoded twice')) };
  const again = await exportedAgain(async (over) =>
    localFleet({ store: over, scratch: folder, encoder, newWriterId: () => crypto.randomUUID() }),
  );
  expect(again).toEqual(byTask);
});

it('ends with the reason, and without a bundle that is taken for whole, where a range cannot be encoded', async () => {
  const encoder = { encode: () => Promise.reject(new Error('encoder differs from its probe')) };
  const failing = exported(async (over) => {
    const queueOptions = { clock: instantClock() };
    return localFleet({ store: over, scratch: folder, encoder, newWriterId: () => crypto.randomUUID(), queueOptions });
  });
  await expect(failing).rejects.toThrow(
    'rows 0 to 2,999 of the log were not encoded in 5 tries: encoder differs from its probe',
  );
  expect(store.keys().filter((key) => key.startsWith(PREFIX))).toEqual([]);
});
