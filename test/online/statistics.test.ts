/** Statistics of requests: what is counted, and that every request is counted once however the store behaves. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openScorer } from '../../exports/open-scorer.ts';
import { RowBudget } from '../../lib/online/request-tally.ts';
import { OnlineStatistics } from '../../lib/online/statistics.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';
import type { Store } from '../../lib/store/store.ts';
import { openShop, type Shop } from './shop.ts';

let shop: Shop;
let version: string;

beforeAll(async () => {
  shop = await openShop();
  version = await shop.promote(1);
  await shop.publishTables('2026-01-01');
});
afterAll(() => shop.remove());

type Outputs = Record<
  string,
  { readonly sum: number; readonly bins: { readonly from: number; readonly values: readonly number[] } }
>;

/** Candidates of which one has an item that is in no table, and is rejected. */
const ROWS = Array.from({ length: 20 }, (_, row) => ({
  row,
  user_id: row % 45,
  item_id: row === 7 ? 'no' : `i${row}`,
  hour: 12,
}));

/** The objects of online statistics in the shop's bucket. */
async function records(): Promise<{ readonly key: string; readonly value: Record<string, unknown> }[]> {
  const folder = join(shop.folder, 'bucket', 'online');
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const keys = names.filter((name) => name.endsWith('.json'));
  return Promise.all(keys.map(async (key) => ({ key, value: JSON.parse(await readFile(join(folder, key), 'utf8')) })));
}

describe('statistics of requests', () => {
  it('are those that the manifest of a file of the same rows has, and are there when the scorer is closed', async () => {
    const scorer = await openScorer(shop.store, 'shop', { refreshSeconds: null });
    for (let i = 0; i < 3; i++) await scorer.score(ROWS);
    expect(await records()).toEqual([]);
    await scorer.close();
    await shop.scoreFile('same', ROWS);
    const manifest = JSON.parse(await readFile(join(shop.folder, 'bucket/scores/same.csv/_manifest.json'), 'utf8')) as {
      outputs: Outputs;
      features: Record<string, Record<string, number>>;
    };
    const [record] = await records();
    const day = new Date().toISOString().slice(0, 10);
    expect(record?.key).toMatch(new RegExp(`^shop/dt=${day}/\\d\\d\\.json$`));
    const times = (count: number | null | undefined) => (typeof count === 'number' ? 3 * count : count);
    expect(record?.value).toMatchObject({
      model: 'shop',
      day,
      versions: {
        [version]: {
          requests: 3,
          rowsIn: 60,
          scored: 57,
          rejected: 3,
          counted: { requests: 3, rows: 57 },
          features: Object.fromEntries(
            Object.entries(manifest.features).map(([name, { rows, missing, values, unknown }]) => [
              name,
              { rows: times(rows), missing: times(missing), values: times(values), unknown: times(unknown) },
            ]),
          ),
        },
      },
    });
    const versions = (record?.value.versions ?? {}) as Record<string, { readonly outputs: Outputs }>;
    const outputs = versions[version]?.outputs ?? {};
    for (const [name, of] of Object.entries(manifest.outputs)) {
      expect(outputs[name]?.bins).toEqual({ from: of.bins.from, values: of.bins.values.map((count) => 3 * count) });
      expect(outputs[name]?.sum).toBeCloseTo(3 * of.sum, 9);
    }
  });

  it('are written where that is asked for alone', async () => {
    const before = await records();
    const scorer = await openScorer(shop.store, 'shop', { refreshSeconds: null, statistics: false });
    await scorer.score(ROWS);
    await scorer.close();
    expect(await records()).toEqual(before);
  });
});

/** A request of so many rows. */
const request = (rows: number, day = '2026-11-05') => ({
  at: new Date(`${day}T12:00:00Z`),
  version: 'v',
  encoder: { inputs: [], embeddings: [] },
  rejected: 1,
  chunk: { rows, ids: {}, weights: {}, numbers: {} },
  scoredRows: undefined,
  outputs: { pctr: new Float32Array(rows).fill(0.25) },
});

async function written(
  store: Store,
): Promise<{ readonly objects: number; readonly requests: number; readonly rows: number }> {
  const sums = { objects: 0, requests: 0, rows: 0 };
  for await (const { key } of store.list('online/')) {
    const { versions } = JSON.parse(new TextDecoder().decode((await store.get(key)).body));
    sums.objects += 1;
    for (const { requests, scored } of Object.values<{ requests: number; scored: number }>(versions)) {
      sums.requests += requests;
      sums.rows += scored;
    }
  }
  return sums;
}

describe('writing statistics', () => {
  it('adds up what any number of processes write, in a bounded number of objects', async () => {
    const store = memoryStore();
    const onError = vi.fn();
    const processes = Array.from({ length: 100 }, () => new OnlineStatistics({ store, model: 'shop', onError }));
    for (let round = 0; round < 3; round++) {
      for (const one of processes) one.add(request(10));
      await Promise.all(processes.map((one) => one.write()));
    }
    await Promise.all(processes.map((one) => one.close()));
    const { objects, ...sums } = await written(store);
    expect(sums).toEqual({ requests: 300, rows: 3000 });
    expect(objects).toBeLessThanOrEqual(16);
  });

  it('keeps what cannot be written, reports it once, and counts it once', async () => {
    const inner = memoryStore();
    let state: 'works' | 'down' | 'loses responses' = 'works';
    const store: Store = {
      ...inner,
      async put(...args) {
        if (state === 'down') throw new Error('no connection');
        const info = await inner.put(...args);
        if (state === 'loses responses') throw new Error('no response');
        return info;
      },
    };
    const told: string[] = [];
    const statistics = new OnlineStatistics({ store, model: 'shop', onError: (error) => told.push(String(error)) });
    for (const next of ['down', 'loses responses', 'down', 'works', 'loses responses', 'works'] as const) {
      state = next;
      statistics.add(request(10));
      statistics.add(request(10, '2026-11-06'));
      await statistics.write();
    }
    expect(told).toEqual(['Error: no connection', 'Error: no response']);
    expect(await written(inner)).toEqual({ objects: 2, requests: 12, rows: 120 });
  });

  it('holds up nothing while the store does not respond, and gives up after a while', async () => {
    vi.useFakeTimers();
    try {
      const store: Store = { ...memoryStore(), get: () => new Promise(() => undefined) };
      const told: string[] = [];
      const statistics = new OnlineStatistics({ store, model: 'shop', onError: (error) => told.push(String(error)) });
      statistics.add(request(10));
      const closed = statistics.close();
      await vi.advanceTimersByTimeAsync(10_000);
      await closed;
      expect(told).toEqual(['Error: memory: did not take it within 10 s']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('forgets the oldest days where none can be written, and says so', async () => {
    const store: Store = { ...memoryStore(), put: () => Promise.reject(new Error('read only')) };
    const told: string[] = [];
    const statistics = new OnlineStatistics({ store, model: 'shop', onError: (error) => told.push(String(error)) });
    for (let day = 1; day <= 9; day++) {
      statistics.add(request(10, `2026-11-0${day}`));
      await statistics.write();
    }
    expect(told).toEqual([
      'Error: read only',
      'Error: those of 2026-11-01 are lost: they could not be written for 7 days',
      'Error: those of 2026-11-02 are lost: they could not be written for 7 days',
    ]);
  });

  it('reports a damaged object, and leaves it as it is', async () => {
    const store = memoryStore();
    const told: string[] = [];
    const statistics = new OnlineStatistics({ store, model: 'shop', onError: (error) => told.push(String(error)) });
    for (let slot = 0; slot < 16; slot++)
      await store.put(`online/shop/dt=2026-11-05/${String(slot).padStart(2, '0')}.json`, '{}x');
    statistics.add(request(10));
    await statistics.write();
    expect(told).toEqual([
      expect.stringMatching(
        /^InvalidRecordError: online\/shop\/dt=2026-11-05\/\d\d\.json is not JSON, got "\{\}x" \(in memory:\)$/,
      ),
    ]);
  });
});

describe('the rows that are counted', () => {
  it('are all of them at 2,000 a second, and as many of more', () => {
    const counted = (rows: number, perSecond: number) => {
      const budget = new RowBudget();
      let sum = 0;
      for (let i = 0; i < 60 * perSecond; i++) if (budget.take(rows, 1e12 + (1000 * i) / perSecond)) sum += rows;
      return sum;
    };
    expect(counted(20, 100)).toBe(120_000);
    expect(counted(500, 100)).toBeGreaterThan(137_000);
    expect(counted(500, 100)).toBeLessThan(141_000);
  });
});
