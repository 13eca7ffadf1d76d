import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Batch } from '../../../lib/engine/engine.ts';
import type { InputSpec, LogChunk } from '../../../lib/table/encoded.ts';
import { type RowCache, RowCacheWriter } from '../../../lib/training/rows/row-cache.ts';

const INPUTS: readonly InputSpec[] = [
  { kind: 'id', name: 'item', entity: 'item', table: 'item' },
  { kind: 'bag', name: 'history', entity: 'user', table: 'item', length: 2, combiner: 'mean' },
  { kind: 'number', name: 'price', entity: 'item', clip: null, log1p: false, mean: 0, deviation: 1 },
  { kind: 'quantile', name: 'age', entity: 'user', table: 'age', boundaries: [1, 2] },
];
const ROWS = 20_000;
let folder: string;
let cache: RowCache;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'row-cache-'));
  const writer = await RowCacheWriter.create(join(folder, 'train.rows'), {
    inputs: INPUTS,
    stages: ['click'],
    delayed: ['conversion'],
    hasGroups: true,
  });
  for (const from of [0, 7_000]) {
    const some = chunk(from, from === 0 ? 7_000 : ROWS - 7_000);
    await writer.append(
      some,
      Uint32Array.from(some.part.keys()).filter((row) => some.part[row] === 0),
    );
  }
  cache = await writer.finish();
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('a cache of encoded rows', () => {
  it('gives back every row of its part, in order, in batches', async () => {
    const batches = await all(cache.batches(4096));
    expect(cache.rows).toBe(ROWS / 2);
    // Blocks of 8,192 rows are one window; batches do not end with them.
    expect(batches.map(({ rows }) => rows)).toEqual([4096, 4096, 1808]);
    expect(batches.flatMap(({ ids }) => [...(ids.item as Int32Array)])).toEqual(
      Array.from({ length: ROWS / 2 }, (_, i) => 2 * i),
    );
  });

  it('keeps the columns of a row together', async () => {
    const { ids, coefficients, numbers, labels } = (await all(cache.batches(5)))[1] as Batch;
    expect([...(ids.item as Int32Array)]).toEqual([10, 12, 14, 16, 18]);
    expect([...(ids.history as Int32Array)]).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect([...(coefficients.history as Float32Array)]).toEqual([
      0.25, 0.75, 0.25, 0.75, 0.25, 0.75, 0.25, 0.75, 0.25, 0.75,
    ]);
    expect([...(numbers.price as Float32Array)]).toEqual([5, 6, 7, 8, 9]);
    expect([...(ids.age as Int32Array)]).toEqual([1, 2, 3, 1, 2]);
    expect([...(labels.click as Float32Array)]).toEqual([0, 0, 1, 0, 0]);
  });

  it('divides weights by the batch and by the mean weight, and gives unknown labels none', async () => {
    const [batch] = await all(cache.batches(4));
    const mean = cache.meanWeight;
    expect(mean).toBeCloseTo(1.5, 3);
    const expected = [1, 2, 0, 2].map((weight) => Math.fround(weight / (4 * mean)));
    [...((batch as Batch).weights.click as Float32Array)].forEach((weight, i) => {
      expect(weight).toBeCloseTo(expected[i] as number, 6);
    });
  });

  it.each(['rows', 'groups'] as const)('shuffles %s by seed and epoch, and never loses a row', async (shuffle) => {
    const order = async (seed: number, epoch: number) =>
      (await all(cache.batches(1000, { seed, epoch, shuffle }))).flatMap(({ ids }) => [...(ids.item as Int32Array)]);
    const first = await order(1, 1);
    expect(await order(1, 1)).toEqual(first);
    expect(await order(1, 2)).not.toEqual(first);
    expect(await order(2, 1)).not.toEqual(first);
    expect(first.slice(0, 1000)).not.toEqual([...first.slice(0, 1000)].sort((a, b) => a - b));
    expect(first.toSorted((a, b) => a - b)).toEqual(Array.from({ length: ROWS / 2 }, (_, i) => 2 * i));
  });

  it('keeps rows of a group together, at most a hundred and twenty-eighth of a batch in a row', async () => {
    const [batch] = await all(cache.batches(ROWS / 2, { seed: 1, epoch: 1, shuffle: 'groups' }));
    const groups = [...((batch as Batch).ids.item as Int32Array)].map((row) => Math.floor(row / 1000));
    const ends = [...groups.keys()].filter((i) => groups[i] !== groups[i + 1]);
    const lengths = ends.map((end, i) => end - (ends[i - 1] ?? -1));
    // 20 groups of 500 rows, in pieces of 78, of which two of a group may follow each other.
    expect(new Set(lengths.map((length) => length % 78))).toEqual(new Set([0, 500 % 78]));
    expect(lengths.length).toBeGreaterThan(60);
  });

  it('shares no user where the log has no groups, however alike its users are', async () => {
    const writer = await RowCacheWriter.create(join(folder, 'alike.rows'), {
      inputs: INPUTS.filter(({ name }) => name !== 'history'),
      stages: ['click'],
      delayed: ['conversion'],
      hasGroups: false,
    });
    const some = chunk(0, 100);
    await writer.append({ ...some, numbers: { ...some.numbers, age: new Float32Array(100) } }, Uint32Array.of(1, 2, 3));
    const [batch] = await all((await writer.finish()).batches(3, { seed: 1, epoch: 1, shuffle: 'groups' }));
    expect(batch?.shared).toBeUndefined();
    expect(batch?.ids.age).toEqual(Int32Array.of(1, 1, 1));
  });
});

describe('the number of batches', () => {
  it.each([
    { batchSize: 1000 },
    { batchSize: 4096 },
    { batchSize: 1000, order: { seed: 1, epoch: 1, shuffle: 'rows' as const } },
    { batchSize: 777, order: { seed: 2, epoch: 3, shuffle: 'groups' as const } },
  ])('is that of the batches that come: $batchSize rows, $order', async ({ batchSize, order }) => {
    expect(cache.batchCount(batchSize, order)).toBe((await all(cache.batches(batchSize, order))).length);
  });
});

/** Even rows are of part 0. */
function chunk(from: number, rows: number): LogChunk {
  const row = (of: (i: number) => number) => Array.from({ length: rows }, (_, i) => of(from + i));
  return {
    rows,
    rowNumbers: Float64Array.from(row((i) => i)),
    part: Uint8Array.from(row((i) => i % 2)),
    ids: {
      item: Int32Array.from(row((i) => i)),
      history: Int32Array.from(row((i) => i).flatMap((i) => [i, i + 1])),
    },
    weights: { history: Float32Array.from(row((i) => i).flatMap(() => [1, 3])) },
    numbers: {
      price: Float32Array.from(row((i) => i / 2)),
      age: Float32Array.from(row((i) => [0.5, 0, 1.5, 0, 3, 0][(i + 2) % 6] as number)),
    },
    labels: { click: Int8Array.from(row((i) => (i === 4 ? -1 : Number(i % 14 === 0)))) },
    delays: { conversion: Float32Array.from(row((i) => (i % 2 === 0 ? i : -i))) },
    weight: Float32Array.from(row((i) => (i % 4 === 0 ? 1 : 2))),
    group: Float64Array.from(row((i) => 2 ** 52 - Math.floor(i / 1000))),
  };
}

async function all(batches: AsyncGenerator<Batch>): Promise<Batch[]> {
  const list: Batch[] = [];
  for await (const batch of batches) list.push(batch);
  return list;
}
