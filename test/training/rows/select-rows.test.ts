import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Batch } from '../../../lib/engine/engine.ts';
import { type RowRule, rowsThatReached } from '../../../lib/model/parts/training-rows.ts';
import { randomStream } from '../../../lib/numbers/random.ts';
import type { LogChunk } from '../../../lib/table/encoded.ts';
import { type RowCache, RowCacheWriter } from '../../../lib/training/rows/row-cache.ts';
import type { RowSelection } from '../../../lib/training/rows/select-rows.ts';

const ROWS = 20_000;
const CLICKED = rowsThatReached('click').rule(new Float32Array(0));
let folder: string;
let cache: RowCache;
let made = 0;

/** Row i has item i and number i / 2; it is clicked if i is a multiple of 4, converted if of 8, and unknown if of 1,000. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'select-rows-'));
  const writer = await RowCacheWriter.create(join(folder, 'train.rows'), {
    inputs: [
      { kind: 'id', name: 'item', entity: 'item', table: 'item' },
      { kind: 'number', name: 'price', entity: 'item', clip: null, log1p: false, mean: 0, deviation: 1 },
    ],
    stages: ['click', 'conversion'],
    delayed: [],
    hasGroups: true,
  });
  const row = Array.from({ length: ROWS }, (_, i) => i);
  const chunk: LogChunk = {
    rows: ROWS,
    rowNumbers: Float64Array.from(row),
    part: new Uint8Array(ROWS),
    ids: { item: Int32Array.from(row) },
    weights: {},
    numbers: { price: Float32Array.from(row, (i) => i / 2) },
    labels: {
      click: Int8Array.from(row, (i) => Number(i % 4 === 0)),
      conversion: Int8Array.from(row, (i) => (i % 1000 === 0 ? -1 : Number(i % 8 === 0))),
    },
    delays: {},
    weight: Float32Array.from(row, (i) => (i % 4 === 0 ? 1 : 10)),
    group: Float64Array.from(row, (i) => i % 7),
  };
  await writer.append(chunk, Uint32Array.from(row));
  cache = await writer.finish();
});
afterAll(() => rm(folder, { recursive: true }));

async function select(
  rule: RowRule,
  stages: readonly string[] = ['conversion'],
  seed = 1,
  propensities: RowSelection['propensities'] = null,
) {
  const path = join(folder, `selected-${made++}.rows`);
  return cache.select({ path, rule, stages, random: randomStream(seed, 'selection'), propensities });
}

async function itemsOf(rows: RowCache): Promise<number[]> {
  const items: number[] = [];
  for await (const { ids } of rows.batches(4096)) items.push(...(ids.item as Int32Array));
  return items;
}

async function firstBatch(rows: RowCache, batchSize: number): Promise<Batch> {
  for await (const batch of rows.batches(batchSize)) return batch;
  throw new Error('no batch');
}

describe('rows that are selected', () => {
  it('are those that reached a stage and whose label is known, in their order, with all their columns', async () => {
    const { rows, rates } = await select(CLICKED);
    const expected = Array.from({ length: ROWS / 4 }, (_, i) => 4 * i).filter((i) => i % 1000 !== 0);
    expect(await itemsOf(rows)).toEqual(expected);
    expect(rows.rows).toBe(expected.length);
    expect(rates).toEqual({ conversion: expected.filter((i) => i % 8 === 0).length / expected.length });
    const batch = await firstBatch(rows, 3);
    expect(batch).toMatchObject({
      rows: 3,
      ids: { item: Int32Array.of(4, 8, 12) },
      numbers: { price: Float32Array.of(2, 4, 6) },
      labels: { conversion: Float32Array.of(0, 1, 0) },
    });
    for (const weight of batch.weights.conversion as Float32Array) expect(weight).toBeCloseTo(1 / 3, 6);
  });

  it('are repeated as often as the rule says', async () => {
    const twice: RowRule = ({ labels }) => ({
      copies: Uint16Array.from(labels.conversion as Float32Array, (label) => 3 * label),
    });
    const items = await itemsOf((await select(twice)).rows);
    expect(items.slice(0, 7)).toEqual([8, 8, 8, 16, 16, 16, 24]);
  });

  it('have weights that the rule multiplies, whose mean in the cache is 1', async () => {
    const rule: RowRule = ({ rows, labels }) => ({
      copies: new Uint16Array(rows).fill(1),
      factors: Float32Array.from(labels.click as Float32Array, (label) => (label === 1 ? 30 : 1)),
    });
    const { rows, rates } = await select(rule, ['click']);
    // Clicked rows weigh 30 then, the others 10 as before.
    expect(rates.click).toBeCloseTo((0.25 * 30) / (0.25 * 30 + 0.75 * 10), 9);
    const batch = await firstBatch(rows, ROWS);
    const weights = [...(batch.weights.click as Float32Array)];
    expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 4);
    expect((weights[0] as number) / (weights[1] as number)).toBeCloseTo(3, 5);
  });

  it('have random numbers by seed and place, whatever the blocks', async () => {
    const half: RowRule = ({ uniforms }) => ({
      copies: Uint16Array.from(uniforms, (uniform) => Number(uniform < 0.5)),
    });
    const [first, again, other] = [await select(half), await select(half), await select(half, ['conversion'], 2)];
    const items = await itemsOf(first.rows);
    expect(await itemsOf(again.rows)).toEqual(items);
    expect(await itemsOf(other.rows)).not.toEqual(items);
    expect(Math.abs(items.length - ROWS / 2)).toBeLessThan(300);
    const random = randomStream(1, 'selection');
    expect(items).toEqual(
      Array.from({ length: ROWS }, (_, i) => i).filter((i) => i % 1000 !== 0 && random.uniform(i) < 0.5),
    );
  });

  it('are trained on in batches of their own, by groups', async () => {
    const { rows } = await select(CLICKED);
    const items: number[] = [];
    for await (const batch of rows.batches(512, { seed: 1, epoch: 1, shuffle: 'groups' }))
      items.push(...(batch.ids.item as Int32Array));
    expect(items.toSorted((a, b) => a - b)).toEqual(await itemsOf(rows));
    expect(items).not.toEqual(await itemsOf(rows));
  });

  it('have the propensities of the rows that reached a stage, and 0 in all others', async () => {
    const values = Float32Array.from({ length: ROWS / 4 }, (_, i) => 4 * i);
    const seen: number[] = [];
    const rule: RowRule = ({ rows, propensities }) => {
      seen.push(...propensities);
      return { copies: new Uint16Array(rows) };
    };
    await select(rule, ['conversion'], 1, { stage: 'click', values });
    expect(seen).toEqual(Array.from({ length: ROWS }, (_, i) => (i % 4 === 0 ? i : 0)));
  });

  it('leave no open file where the selection is stopped', async () => {
    const controller = new AbortController();
    const selection = {
      path: join(folder, 'stopped.rows'),
      rule: CLICKED,
      propensities: null,
      stages: ['conversion'],
      random: randomStream(1, 'selection'),
      onProgress: () => controller.abort(new Error('stopped')),
      signal: controller.signal,
    };
    await expect(cache.select(selection)).rejects.toThrow('stopped');
    if (process.platform === 'linux') expect(await openFiles()).not.toContain(selection.path);
  });
});

async function openFiles(): Promise<string[]> {
  const links = (await readdir('/proc/self/fd')).map((name) => readlink(`/proc/self/fd/${name}`).catch(() => ''));
  return Promise.all(links);
}
